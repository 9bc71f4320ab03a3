import { createScanner, type Edit, findNodeAtLocation, type Node, parseTree } from 'jsonc-parser';
import type { SettingsPath } from './settingsProblem';

/** jsonc-parser's `SyntaxKind`: an ambient const enum, which isolated modules can't use by name. */
const TOKEN = { comma: 5, lineComment: 12, blockComment: 13, lineBreak: 14, trivia: 15 };

/** The path can't be written: something on the way to it is no object (or no list, for an index). */
export class NoPlaceError extends Error {
  constructor(readonly path: SettingsPath) {
    super(path.length === 0 ? 'it holds no object' : `${path.join('.')} holds no object`);
    this.name = 'NoPlaceError';
  }
}

/**
 * The edits (for `applyEdits`) that set `path` to `value`, or take it out if that is undefined. Comments stay with
 * what they belong to: the one behind a value on its line, the ones above it. jsonc-parser's own `modify` puts a new
 * key between the last value and its comment, and leaves a lone comma behind.
 * @param text parses without an error
 * @throws NoPlaceError
 */
export function editJsonc(text: string, path: SettingsPath, value: unknown): Edit[] {
  const root = parseTree(text, [], { allowTrailingComma: true });
  const found = root && findNodeAtLocation(root, [...path]);
  if (value === undefined) {
    return found?.parent ? removal(text, found) : [];
  }
  if (found) {
    return [{ offset: found.offset, length: found.length, content: written(text, value, found.offset) }];
  }
  for (let length = path.length - 1; root && length >= 0; length--) {
    const parent = length === 0 ? root : findNodeAtLocation(root, path.slice(0, length));
    if (parent) {
      if (parent.type !== (typeof path[length] === 'number' ? 'array' : 'object')) {
        throw new NoPlaceError(path.slice(0, length));
      }
      return insertion(text, parent, path.slice(length), value);
    }
  }
  throw new NoPlaceError([]);
}

/** The object with `path` in it and nothing else, as a new file. */
export function newJsonc(path: SettingsPath, value: unknown): string {
  return `${JSON.stringify(nested(path, value), null, 2)}\n`;
}

function nested(path: SettingsPath, value: unknown): unknown {
  return path.reduceRight<unknown>(
    (inner, part) => (typeof part === 'number' ? [inner] : { [part]: inner }),
    value,
  );
}

function insertion(text: string, parent: Node, [part = '', ...rest]: SettingsPath, value: unknown): Edit[] {
  const eol = lineEnding(text);
  const last = parent.children?.at(-1);
  const indent = last ? lineIndent(text, last.offset) : lineIndent(text, parent.offset) + indentUnit(text);
  const content = pretty(nested(rest, value), text, indent);
  const entry = parent.type === 'object' ? `${JSON.stringify(String(part))}: ${content}` : content;
  if (last === undefined) {
    const end = parent.offset + parent.length - 1;
    const inside = text.slice(parent.offset + 1, end);
    // An empty { } becomes lines; where there are comments only, they stay below.
    const tail = inside.trim() === '' ? eol + lineIndent(text, parent.offset) : inside;
    return [
      {
        offset: parent.offset + 1,
        length: end - parent.offset - 1,
        content: `${eol}${indent}${entry}${tail}`,
      },
    ];
  }
  const after = behind(text, last.offset + last.length);
  const inLine = !text.slice(parent.offset, last.offset).includes('\n');
  if (inLine && !after.lineComment) {
    const at = after.comma?.end ?? last.offset + last.length;
    return [{ offset: at, length: 0, content: `${after.comma ? '' : ','} ${entry}` }];
  }
  const edits: Edit[] = [];
  if (!after.comma) {
    edits.push({ offset: last.offset + last.length, length: 0, content: ',' });
  }
  edits.push({ offset: after.end, length: 0, content: `${eol}${indent}${entry}${after.comma ? ',' : ''}` });
  return edits;
}

function removal(text: string, value: Node): Edit[] {
  const entry = value.parent?.type === 'property' ? value.parent : value;
  const siblings = entry.parent?.children ?? [];
  const index = siblings.indexOf(entry);
  const after = behind(text, entry.offset + entry.length);
  let end = after.comma ? after.end : Math.max(after.end, entry.offset + entry.length);
  let start = entry.offset;
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const alone = text.slice(lineStart, start).trim() === '' && /^[ \t]*(?:\r?\n|$)/.test(text.slice(end));
  if (alone) {
    // The line goes whole, with the line break before it.
    start = lineStart > 1 && text[lineStart - 2] === '\r' ? lineStart - 2 : Math.max(0, lineStart - 1);
  } else if (index < siblings.length - 1) {
    end += /^[ \t]*/.exec(text.slice(end))?.[0].length ?? 0;
  }
  const edits: Edit[] = [{ offset: start, length: end - start, content: '' }];
  const before = siblings[index - 1];
  if (index === siblings.length - 1 && before && !after.comma) {
    const { comma } = behind(text, before.offset + before.length);
    if (comma) {
      // What stood behind the comma on the same line goes with the removed entry's own line, if it has one.
      const upTo = alone ? comma.end : start;
      edits.unshift({ offset: comma.start, length: upTo - comma.start, content: '' });
    }
  }
  return edits;
}

interface Behind {
  comma?: { start: number; end: number };
  /** Behind the comma and the comments that stand on the same line. */
  end: number;
  lineComment: boolean;
}

/** What belongs to the entry that ends at `offset`. */
function behind(text: string, offset: number): Behind {
  const scanner = createScanner(text, false);
  scanner.setPosition(offset);
  const found: Behind = { end: offset, lineComment: false };
  let sameLine = true;
  for (;;) {
    const token: number = scanner.scan();
    const end = scanner.getPosition();
    if (token === TOKEN.comma && !found.comma) {
      found.comma = { start: scanner.getTokenOffset(), end };
      found.end = end;
      sameLine = true;
    } else if (token === TOKEN.lineBreak) {
      sameLine = false;
      if (found.comma) {
        return found;
      }
    } else if (token === TOKEN.lineComment || token === TOKEN.blockComment) {
      if (sameLine) {
        found.end = end;
        found.lineComment ||= token === TOKEN.lineComment;
      }
    } else if (token !== TOKEN.trivia) {
      return found;
    }
  }
}

function written(text: string, value: unknown, offset: number): string {
  return pretty(value, text, lineIndent(text, offset));
}

/** JSON with the text's own indentation; a list of plain values stays on one line. */
function pretty(value: unknown, text: string, indent: string): string {
  if (Array.isArray(value) && value.every((entry) => typeof entry !== 'object' || entry === null)) {
    return `[${value.map((entry) => JSON.stringify(entry)).join(', ')}]`;
  }
  return JSON.stringify(value, null, indentUnit(text)).replaceAll('\n', `${lineEnding(text)}${indent}`);
}

function lineEnding(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? '\n';
}

function lineIndent(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, offset))?.[0] ?? '';
}

function indentUnit(text: string): string {
  return /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ';
}
