import { binarySize, formatPercent } from '../../src/core/figures';
import type { Processes, ProcessRow } from '../../src/views/resources/resourceMessages';
import { element, setText } from './dom';
import { sourceMark } from './sourceMark';
import { t } from './texts';

const COLUMNS: { key: string; class: string; text: (row: ProcessRow) => string }[] = [
  { key: 'process', class: 'name', text: ({ name }) => name },
  { key: 'cpu', class: 'number', text: ({ cpu }) => formatPercent(cpu) },
  { key: 'memory', class: 'number', text: ({ memory }) => binarySize(memory) },
  { key: 'pid', class: 'number spare', text: ({ pid }) => String(pid) },
  { key: 'uid', class: 'number roomy', text: ({ uid }) => String(uid) },
];

/** The processes that use most, as the guest says. Rows stay where they are; only their text changes. */
export class ProcessTable {
  readonly element: HTMLElement;
  private readonly count = element('span', { class: 'value' });
  private readonly body = element('tbody');

  constructor() {
    const columns = COLUMNS.map((column) =>
      element('th', { class: column.class, text: t(column.key), attributes: { scope: 'col' } }),
    );
    this.element = element(
      'section',
      { class: 'processes', attributes: { 'aria-labelledby': 'processes-title' } },
      element(
        'header',
        {},
        element('h2', {
          text: t('processes'),
          title: t('processesHelp'),
          attributes: { id: 'processes-title' },
        }),
        element('span', { class: 'headline' }, this.count, sourceMark('guest')),
      ),
      element(
        'table',
        { attributes: { 'aria-labelledby': 'processes-title' } },
        element('thead', {}, element('tr', {}, ...columns)),
        this.body,
      ),
    );
  }

  show(processes: Processes | undefined): void {
    setText(this.count, processes ? t('processCount', processes.count) : '');
    const rows = processes?.rows ?? [];
    while (this.body.rows.length > rows.length) {
      this.body.deleteRow(-1);
    }
    for (const [index, process] of rows.entries()) {
      const row = this.body.rows[index] ?? this.addRow();
      for (const [column, { text }] of COLUMNS.entries()) {
        const cell = row.cells[column];
        if (cell) {
          setText(cell, text(process));
        }
      }
      const name = row.cells[0];
      const title = process.kit ? t('kitProcess', process.name) : process.name;
      row.classList.toggle('kit', process.kit === true);
      if (name && name.title !== title) {
        name.title = title;
      }
    }
  }

  private addRow(): HTMLTableRowElement {
    const row = element('tr', {}, ...COLUMNS.map((column) => element('td', { class: column.class })));
    this.body.append(row);
    return row;
  }
}
