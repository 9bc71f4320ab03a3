import type { Frame } from '../../src/views/resources/resourceMessages';
import type { ChartSpec, Figure } from './chartSpecs';
import { element, setText } from './dom';
import { sourceMark } from './sourceMark';
import { t } from './texts';

/** The figures of a chart as a table: legend, read-out and the chart's other form for those who don't see it. */
export class FigureTable {
  readonly element: HTMLTableElement;
  private readonly cells: { node: HTMLElement; figure: Figure }[] = [];

  constructor(private readonly spec: ChartSpec) {
    const body = element('tbody');
    for (const row of spec.rows) {
      const cell = (source: 'host' | 'guest') => {
        const figure = row[source];
        const value = element('span', { class: 'value', text: '–' });
        if (!figure) {
          return element('td', { class: 'absent', title: t('notMeasured') }, value);
        }
        this.cells.push({ node: value, figure });
        const drawn =
          row.drawn !== 'none' && (row.drawn?.host || row.drawn?.guest ? row.drawn[source] : figure);
        const swatch = element('span', {
          class: drawn ? `swatch ${source} ${row.colour}` : 'swatch',
          attributes: { 'aria-hidden': 'true' },
        });
        return element('td', {}, swatch, value);
      };
      const name = element('th', { text: row.name, title: row.name, attributes: { scope: 'row' } });
      body.append(element('tr', {}, name, cell('host'), cell('guest')));
    }
    const heading = (source: 'host' | 'guest') =>
      element('th', { attributes: { scope: 'col' } }, sourceMark(source));
    const corner = element('td', {});
    const head = element('thead', {}, element('tr', {}, corner, heading('host'), heading('guest')));
    this.element = element('table', { class: 'figures' }, head, body);
    this.element.setAttribute('aria-label', spec.title);
  }

  show(frame: Frame | undefined): void {
    for (const { node, figure } of this.cells) {
      const value = frame && figure(frame);
      node.parentElement?.classList.toggle('absent', value === undefined);
      setText(node, value === undefined ? '–' : this.spec.format(value));
    }
  }
}
