import type { MachineHead, PageAction, Watch } from '../../src/views/resources/resourceMessages';
import { element, setText } from './dom';
import { t } from './texts';

/** What stands above the charts, or instead of them: what is the matter, and what can be done. */
export class StateBanner {
  readonly element = element('div', { class: 'banner' });
  private readonly words = element('p', { attributes: { role: 'status' } });
  private readonly buttons = element('div', { class: 'buttons' });
  private shown = '';

  constructor(private readonly ask: (action: PageAction) => void) {
    this.element.append(this.words, this.buttons);
  }

  /** @param lastAt time (ms) of the last figures, if there are any */
  show(
    machine: MachineHead | undefined,
    watch: Watch,
    lastAt: number | undefined,
    guestAnswers: boolean,
  ): void {
    const { kind, text, actions } = describe(machine, watch, lastAt, guestAnswers);
    this.element.hidden = text === '';
    this.element.dataset['kind'] = kind;
    setText(this.words, text);
    const wanted = actions.join(' ');
    if (wanted !== this.shown) {
      this.shown = wanted;
      this.buttons.replaceChildren(
        ...actions.map((action, index) => {
          const button = element('button', {
            class: index === 0 ? 'primary' : '',
            text: t(`action.${action}`),
          });
          button.addEventListener('click', () => this.ask(action));
          return button;
        }),
      );
    }
  }
}

interface Banner {
  kind: 'note' | 'warning';
  text: string;
  actions: PageAction[];
}

function describe(
  machine: MachineHead | undefined,
  watch: Watch,
  lastAt: number | undefined,
  guestAnswers: boolean,
): Banner {
  switch (watch.kind) {
    case 'loading':
      return { kind: 'note', text: lastAt === undefined ? t('loading') : '', actions: [] };
    case 'none':
      return watch.others
        ? { kind: 'note', text: t('noneHere'), actions: ['choose', 'open'] }
        : { kind: 'note', text: t('none'), actions: ['open'] };
    case 'lost':
      return { kind: 'warning', text: watch.message, actions: ['retry'] };
    case 'resting': {
      const state = t('resting', machine?.name ?? '', t(`state.${machine?.state ?? ''}`));
      const words = [
        machine?.reason === undefined ? state : `${state} (${machine.reason})`,
        lastAt === undefined ? t('noneSeen') : t('lastSeen', new Date(lastAt).toLocaleTimeString()),
      ];
      return { kind: 'note', text: words.join(' '), actions: machine?.next ? [machine.next] : [] };
    }
    case 'live':
      return { kind: 'warning', text: guestAnswers ? '' : t('guestSilent'), actions: [] };
  }
}
