import type { Writable } from 'node:stream';
import { printable } from '../core/log';
import { formatTable, jsonLine } from './format';

/** A command's result on stdout: JSON with `--json`, else text. Never a mixture. */
export class Output {
  constructor(
    private readonly stdout: Writable,
    readonly json: boolean,
  ) {}

  /** `value` is what `--json` prints, one line; `lines` is what people get instead. */
  result(value: unknown, lines: string[]): void {
    if (this.json) {
      this.stdout.write(`${jsonLine(value)}\n`);
    } else {
      this.text(lines.join('\n'));
    }
  }

  /** A list: a table for people, one JSON object a line with `--json`. */
  list<T>(items: T[], table: { header: string[]; row(item: T): string[]; empty: string }): void {
    if (this.json) {
      for (const item of items) {
        this.stdout.write(`${jsonLine(item)}\n`);
      }
    } else if (items.length === 0) {
      this.text(table.empty);
    } else {
      this.text(formatTable(table.header, items.map(table.row)).join('\n'));
    }
  }

  private text(text: string): void {
    if (text !== '') {
      this.stdout.write(`${printable(text, 10_000_000)}\n`);
    }
  }
}
