import type { RawMatch } from './fileMatch';

/** A line of `rg --json` that is longer is dropped: a match in a line of megabytes is nothing to show in a row. */
const RECORD_MAX = 256 * 1024;

/**
 * Reads `rg --json` (https://docs.rs/grep-printer, "JSON output"): one object a line; only `match` ones count.
 * File names and lines that are not UTF-8 come as `bytes` (base64).
 */
export class RipgrepJson {
  private rest: Buffer[] = [];
  private length = 0;
  /** Matches that can't be shown: too long, or not what ripgrep prints. */
  skipped = 0;

  push(chunk: Buffer): RawMatch[] {
    const matches: RawMatch[] = [];
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      this.keep(chunk.subarray(from, at));
      from = at + 1;
      const match = this.take();
      if (match) {
        matches.push(match);
      }
    }
    this.keep(chunk.subarray(from));
    return matches;
  }

  private keep(piece: Buffer): void {
    this.length += piece.length;
    if (this.length <= RECORD_MAX) {
      this.rest.push(piece);
    } else {
      this.rest = [];
    }
  }

  private take(): RawMatch | undefined {
    const { length, rest } = this;
    this.length = 0;
    this.rest = [];
    if (length === 0) {
      return undefined;
    }
    const record = length > RECORD_MAX ? undefined : parse(Buffer.concat(rest).toString());
    if (record === undefined) {
      this.skipped++;
      return undefined;
    }
    if (record['type'] !== 'match') {
      return undefined;
    }
    const match = toMatch(record['data']);
    if (!match) {
      this.skipped++;
    }
    return match;
  }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function toMatch(data: unknown): RawMatch | undefined {
  const match = asObject(data);
  const path = textOf(match?.['path']);
  const lines = textOf(match?.['lines']);
  const line = match?.['line_number'];
  if (path === undefined || lines === undefined || typeof line !== 'number') {
    return undefined;
  }
  const [text = ''] = lines.split('\n', 1);
  const submatches = match?.['submatches'];
  const first = asObject(Array.isArray(submatches) ? submatches[0] : undefined);
  const [start, end] = [first?.['start'], first?.['end']];
  const range =
    typeof start === 'number' && typeof end === 'number' && start >= 0 && end >= start
      ? { range: unitsOf(lines, start, end) }
      : {};
  return { path, line, text, ...range };
}

/** Byte offsets in the UTF-8 form as UTF-16 units. */
function unitsOf(text: string, start: number, end: number): { start: number; end: number } {
  const bytes = Buffer.from(text);
  return {
    start: bytes.subarray(0, start).toString().length,
    end: bytes.subarray(0, end).toString().length,
  };
}

function textOf(value: unknown): string | undefined {
  const holder = asObject(value);
  if (typeof holder?.['text'] === 'string') {
    return holder['text'];
  }
  // A name that is not UTF-8 can't be opened by the editor; a line can be shown.
  return typeof holder?.['bytes'] === 'string'
    ? Buffer.from(holder['bytes'], 'base64').toString()
    : undefined;
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
}
