import { element } from './dom';
import { t } from './texts';

/** Says whose word a figure is: a word in a frame, solid as the host's lines or dashed as the guest's. */
export function sourceMark(source: 'host' | 'guest'): HTMLElement {
  return element('span', {
    class: `mark ${source}`,
    text: t(source),
    title: t(source === 'host' ? 'hostHelp' : 'guestHelp'),
  });
}
