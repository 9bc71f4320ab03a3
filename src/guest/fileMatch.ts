import { printable } from '../core/log';
import { withoutEnd } from '../core/withoutEnd';
import { isInside, joinGuest } from './guestPath';

/** A line as a search tool in the guest reported it: untrusted, but bounded by the parsers. */
export interface RawMatch {
  /** Relative to the folder; may begin with `./`. */
  path: string;
  /** 1-based. */
  line: number;
  text: string;
  /** First match in `text`, in UTF-16 units. Undefined if the tool does not say. */
  range?: { start: number; end: number };
}

/** A line that matches, checked, and safe to show. */
export interface FileMatch {
  /** Absolute guest path inside the folder that was searched. */
  path: string;
  /** The same, relative to the folder. */
  relative: string;
  /** 1-based. */
  line: number;
  /** UTF-16 units of the whole line, 0-based. The whole line if the tool does not say more. */
  start: number;
  end: number;
  /** The line around the match, printable: `before`, `match` and `after` are what is shown in a row. */
  before: string;
  match: string;
  after: string;
}

/** Characters shown before a match, of the match, and after it. */
const BEFORE_MAX = 60;
const MATCH_MAX = 200;
const AFTER_MAX = 240;
const LINE_NUMBER_MAX = 1_000_000_000;

/** Undefined if the guest named a file outside `folder` or an impossible line. */
export function checkMatch(folder: string, raw: RawMatch): FileMatch | undefined {
  const relative = relativePath(raw.path);
  const path = joinGuest(folder, relative);
  const line = Number.isSafeInteger(raw.line) && raw.line > 0 && raw.line < LINE_NUMBER_MAX;
  if (!line || !isInside(folder, path) || path === folder) {
    return undefined;
  }
  const text = withoutEnd(raw.text, '\r\n');
  const start = clamp(raw.range?.start ?? 0, text.length);
  const end = Math.max(start, clamp(raw.range?.end ?? text.length, text.length));
  const before = text.slice(0, start).replace(/^\s+/, '');
  const shown = printable(oneLine(text.slice(start, end)), MATCH_MAX);
  return {
    path,
    relative,
    line: raw.line,
    start,
    end,
    before: printable(
      oneLine(before.length > BEFORE_MAX ? `…${before.slice(-BEFORE_MAX)}` : before),
      BEFORE_MAX + 1,
    ),
    match: before === '' ? shown.trimStart() : shown,
    after: printable(oneLine(text.slice(end)).trimEnd(), AFTER_MAX),
  };
}

/** `./a/b` → `a/b`. */
export function relativePath(path: string): string {
  return path.replace(/^(\.\/+)+/, '');
}

function clamp(value: number, max: number): number {
  return Number.isSafeInteger(value) ? Math.min(Math.max(value, 0), max) : 0;
}

function oneLine(text: string): string {
  return text.replace(/[\t\n\v\f\r]/g, ' ');
}
