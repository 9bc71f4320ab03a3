import { binarySize } from '../../src/core/figures';
import type { Frame, Space } from '../../src/views/resources/resourceMessages';
import { element, setText } from './dom';
import { sourceMark } from './sourceMark';
import { t } from './texts';

/** How full something is, in words and as a bar. */
class Gauge {
  readonly element: HTMLElement;
  private readonly words = element('span', { class: 'value' });
  private readonly bar = element('div', { class: 'bar' });
  private readonly meter: HTMLElement;

  constructor(label: string, source: 'host' | 'guest', help: string) {
    this.meter = element(
      'div',
      {
        class: `meter ${source}`,
        attributes: { role: 'meter', 'aria-label': label, 'aria-valuemin': '0', 'aria-valuemax': '100' },
      },
      this.bar,
    );
    this.element = element(
      'div',
      { class: 'gauge', title: help },
      element('div', { class: 'line' }, element('span', { text: label }), sourceMark(source)),
      this.words,
      this.meter,
    );
  }

  show(words: string, part: number, whole: number): void {
    const percent = whole > 0 ? Math.min(100, (part / whole) * 100) : 0;
    setText(this.words, words);
    this.bar.style.width = `${percent}%`;
    this.meter.setAttribute('aria-valuenow', String(Math.round(percent)));
    this.meter.setAttribute('aria-valuetext', words);
  }
}

/** Where the machine's disk space goes. */
export class SpaceList {
  readonly element: HTMLElement;
  private readonly upper = new Gauge(t('upper'), 'host', t('upperHelp'));
  private readonly fileSystem = new Gauge(t('fileSystem'), 'guest', t('fileSystemHelp'));
  private readonly layers = new Gauge(t('layers'), 'host', t('layersHelp'));
  private readonly saved = element('p', { class: 'line' });

  constructor() {
    this.element = element(
      'section',
      { class: 'space', attributes: { 'aria-labelledby': 'space-title' } },
      element('header', {}, element('h2', { text: t('space'), attributes: { id: 'space-title' } })),
      this.upper.element,
      this.fileSystem.element,
      this.layers.element,
      this.saved,
    );
  }

  show(frame: Frame | undefined, space: Space | undefined): void {
    const upper = frame?.host.upper ?? space?.upper;
    this.upper.element.hidden = upper === undefined || !space;
    if (upper !== undefined && space) {
      this.upper.show(t('of', binarySize(upper), binarySize(space.upperLimit)), upper, space.upperLimit);
    }
    const guest = frame?.guest;
    this.fileSystem.element.hidden = !guest;
    if (guest) {
      const words = t('of', binarySize(guest.diskUsed), binarySize(guest.diskSize));
      this.fileSystem.show(words, guest.diskUsed, guest.diskSize);
    }
    this.layers.element.hidden = !space;
    this.saved.hidden = !space?.savedMemory;
    if (space) {
      const words = t('layersUse', binarySize(space.shared), binarySize(space.own));
      this.layers.show(words, space.shared, space.shared + space.own);
      setText(this.saved, t('savedMemory', binarySize(space.savedMemory)));
    }
    this.element.hidden = !space && !guest;
  }
}
