import type { Frame } from '../../src/views/resources/resourceMessages';
import { nearestFrame } from './chartColumns';
import type { ChartSpec } from './chartSpecs';
import { element, setText } from './dom';
import { FigureTable } from './figureTable';
import { Plot } from './plot';
import { sourceMark } from './sourceMark';
import { t } from './texts';
import { reducedMotion } from './theme';

/** A moving picture is drawn once a second; with reduced motion it stands still for this long. */
const CALM_MS = 5_000;
/** How often the text that describes a chart may change under a screen reader. */
const SUMMARY_EVERY_MS = 5_000;

/** What all charts of a page share: the time that is read, if it is not the present. */
export interface Reading {
  at: number | undefined;
  /** Called when keys or the pointer moved it. */
  move(at: number | undefined): void;
}

/** A chart with its title, its table and its keys. */
export class TimeChart {
  readonly element: HTMLElement;
  private readonly plot: Plot;
  private readonly slider: HTMLElement;
  private readonly table: FigureTable;
  private readonly headline: HTMLElement;
  private readonly headlineMark = element('span');
  private readonly summary: HTMLElement;
  private frames: readonly Frame[] = [];
  private drawnAt = Number.NEGATIVE_INFINITY;
  private summarizedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly spec: ChartSpec,
    private readonly windowMs: number,
    private readonly reading: Reading,
  ) {
    const { id, title, help } = spec;
    this.table = new FigureTable(spec);
    this.headline = element('span', { class: 'value' });
    this.summary = element('p', { class: 'unseen', attributes: { id: `${id}-summary` } });
    this.slider = element('div', {
      class: 'plot',
      attributes: {
        id: `${id}-chart`,
        role: 'slider',
        tabindex: '0',
        'aria-label': t('chartLabel', title),
        'aria-describedby': `${id}-summary`,
        'aria-valuemin': String(-windowMs / 1000),
        'aria-valuemax': '0',
        'aria-valuenow': '0',
        'aria-valuetext': t('now'),
      },
    });
    this.element = element(
      'section',
      { class: 'chart', attributes: { 'aria-labelledby': `${id}-title` } },
      element(
        'header',
        {},
        element('h2', { text: title, title: help, attributes: { id: `${id}-title` } }),
        element('span', { class: 'headline' }, this.headline, this.headlineMark),
      ),
      this.slider,
      this.summary,
      this.table.element,
    );
    this.plot = new Plot(spec, windowMs, this.slider);
    this.listen();
  }

  /** Shows these frames; the picture only if it is time for a new one, or `now`. */
  show(frames: readonly Frame[], now = false): void {
    this.frames = frames;
    const last = frames.at(-1);
    const at = last?.at ?? 0;
    const read = this.read();
    this.table.show(read);
    this.showHeadline(last);
    if (now || !reducedMotion() || at - this.drawnAt >= CALM_MS || at < this.drawnAt) {
      this.drawnAt = at;
      this.plot.draw(frames, this.reading.at === undefined ? undefined : read?.at);
    }
    if (now || at - this.summarizedAt >= SUMMARY_EVERY_MS || at < this.summarizedAt) {
      this.summarizedAt = at;
      setText(this.summary, last ? this.describe(last) : t('noFigures'));
    }
  }

  /** After the shared reading moved. */
  showReading(): void {
    const read = this.read();
    this.table.show(read);
    this.plot.redraw(this.reading.at === undefined ? undefined : read?.at);
  }

  restyle(): void {
    this.plot.redraw();
  }

  private read(): Frame | undefined {
    const { at } = this.reading;
    return at === undefined ? this.frames.at(-1) : nearestFrame(this.frames, at);
  }

  private showHeadline(last: Frame | undefined): void {
    const figure = last && this.spec.headline(last);
    setText(this.headline, figure ? this.spec.format(figure.value) : '');
    const source = figure?.source ?? '';
    if (this.headlineMark.dataset['source'] !== source) {
      this.headlineMark.dataset['source'] = source;
      this.headlineMark.replaceChildren(...(figure ? [sourceMark(figure.source)] : []));
    }
  }

  /** `CPU 0: 34% (host), 33% (guest); …` */
  private describe(frame: Frame): string {
    return this.spec.rows
      .map(({ name, host, guest }) => {
        const words = (['host', 'guest'] as const).flatMap((source) => {
          const value = { host, guest }[source]?.(frame);
          return value === undefined ? [] : [`${this.spec.format(value)} (${t(source)})`];
        });
        return `${name}: ${words.join(', ') || t('notMeasured')}`;
      })
      .join('; ');
  }

  private listen(): void {
    const { slider, reading } = this;
    slider.addEventListener('keydown', (event) => {
      const at = this.target(event.key);
      if (at !== 'other') {
        event.preventDefault();
        reading.move(at);
        this.say();
      }
    });
    slider.addEventListener('focus', () => this.say());
    slider.addEventListener('blur', () => reading.move(undefined));
    slider.addEventListener('pointermove', ({ clientX }) => reading.move(this.plot.timeAt(clientX)));
    slider.addEventListener('pointerleave', () => reading.move(undefined));
  }

  /** Where a key leads: a time, `undefined` for the present, or `other` for a key that means nothing here. */
  private target(key: string): number | undefined | 'other' {
    const last = this.frames.at(-1);
    const first = this.frames[0];
    if (!first || !last) {
      return 'other';
    }
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -30, PageUp: 30 }[key];
    if (step !== undefined) {
      const index = this.frames.indexOf(this.read() ?? last) + step;
      return index >= this.frames.length - 1 ? undefined : (this.frames[Math.max(0, index)] ?? first).at;
    }
    return key === 'Home' ? first.at : key === 'End' || key === 'Escape' ? undefined : 'other';
  }

  /** Tells a screen reader what is read: only after a key or on focus, never because a second has passed. */
  private say(): void {
    const frame = this.read();
    const last = this.frames.at(-1);
    if (!frame || !last) {
      this.slider.setAttribute('aria-valuetext', t('noFigures'));
      return;
    }
    const seconds = Math.round((last.at - frame.at) / 1000);
    const when = seconds === 0 ? t('now') : t('secondsAgo', seconds);
    this.slider.setAttribute('aria-valuenow', String(Math.max(-seconds, -this.windowMs / 1000)));
    this.slider.setAttribute('aria-valuetext', `${when}: ${this.describe(frame)}`);
  }
}
