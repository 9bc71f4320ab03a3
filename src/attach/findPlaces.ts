import { withoutEnd } from '../core/withoutEnd';

/** A place in a file, as programs print it. */
export interface Place {
  /** Position and length in the line, UTF-16 units: what becomes the link. */
  start: number;
  length: number;
  path: string;
  /** 1-based. */
  line?: number;
  column?: number;
}

/** What a line of output may cost: it comes from the guest. */
const LINE_MAX = 4000;
const PLACES_MAX = 12;
const PATH_MAX = 1024;

/** Python's traceback is the one common form with words between. */
const PYTHON = /File "([^"\n]{1,1024})", line (\d{1,9})/g;
const TOKEN = /[^\s"'`<>|=]+/g;
const OPENING = /^[([{]+/;
const CLOSING = '.,:;!?)]}';

/**
 * Finds `path`, `path:line`, `path:line:column`, `path(line,column)` and Python's form in a line of a terminal. Only
 * what has a `/` or a dot in it or a place behind it counts; whether such a file is there, somebody else must ask.
 */
export function findPlaces(output: string): Place[] {
  const text = output.slice(0, LINE_MAX);
  const places: Place[] = [];
  for (const found of text.matchAll(PYTHON)) {
    const [whole, path = '', line] = found;
    places.push({ start: found.index, length: whole.length, path, line: Number(line) });
  }
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (places.length >= PLACES_MAX) {
      break;
    }
    const place = placeOf(token, index);
    const taken =
      place && places.some(({ start, length }) => index < start + length && start < index + token.length);
    if (place && !taken) {
      places.push(place);
    }
  }
  return places.slice(0, PLACES_MAX);
}

function placeOf(token: string, index: number): Place | undefined {
  const opening = OPENING.exec(token)?.[0].length ?? 0;
  const inner = token.slice(opening);
  const start = index + opening;
  const [whole, name, ...numbers] =
    /^([^:()]+)(?::(\d{1,9})(?::(\d{1,9}))?|\((\d{1,9})(?:,(\d{1,9}))?\))/.exec(inner) ?? [];
  const [line, column] = numbers.filter((number) => number !== undefined);
  if (whole !== undefined && name !== undefined && line !== undefined && isPath(name, true)) {
    return {
      start,
      length: whole.length,
      path: withoutScheme(name),
      line: Number(line),
      ...(column !== undefined && { column: Number(column) }),
    };
  }
  const path = withoutEnd(inner, CLOSING);
  return isPath(path, false) ? { start, length: path.length, path: withoutScheme(path) } : undefined;
}

function isPath(name: string, hasPlace: boolean): boolean {
  return (
    name.length > 0 &&
    name.length <= PATH_MAX &&
    /[^./\\-]/.test(name) &&
    !/^[a-z][a-z0-9+.-]*:\/\//i.test(name) &&
    // biome-ignore lint/suspicious/noControlCharactersInRegex: no name that a person means has them
    !/[\u0000-\u001f\u007f]/.test(name) &&
    (name.includes('/') || /[^.]\.[A-Za-z0-9_-]+$/.test(name) || (hasPlace && /[A-Za-z]/.test(name)))
  );
}

function withoutScheme(path: string): string {
  return path.startsWith('file:///') ? path.slice('file://'.length) : path;
}
