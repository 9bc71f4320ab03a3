import {
  createScanner,
  findNodeAtLocation,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import { printable } from '../core/log';
import {
  keyOf,
  type SettingsPath,
  type SettingsProblem,
  type SettingsRange,
  type SettingsSource,
} from './settingsProblem';

/** The parser is recursive, so depth is what could break it. No honest settings file comes near. */
const MAX_DEPTH = 64;
const MAX_SYNTAX_PROBLEMS = 10;

/** A parsed JSONC text (comments and trailing commas allowed) that knows where each key stands. */
export interface JsonDocument extends SettingsSource {
  /** Plain data; a `__proto__` key never gets in. Undefined if `problems` is not empty. */
  readonly value: unknown;
  /** Syntax errors. */
  readonly problems: SettingsProblem[];
  /** Keys that stand more than once in one object (the last one is in `value`) or are called `__proto__`. */
  readonly oddKeys: { path: SettingsPath; problem: SettingsProblem }[];
}

/** Parses `text` (without a byte order mark). Never throws, whatever the text. */
export function parseJsonDocument(label: string, text: string): JsonDocument {
  const rangeAt = rangeFinder(text);
  const problemOver = (offset: number, length: number, key: string, message: string, fix: string) => ({
    source: label,
    range: rangeAt(offset, length),
    key,
    message,
    fix,
  });
  const broken = (problems: SettingsProblem[]): JsonDocument => ({
    label,
    value: undefined,
    problems,
    oddKeys: [],
    placeOf: () => ({ source: label, range: rangeAt(0, 0) }),
    problemAt: (path, message, fix) => problemOver(0, 0, keyOf(path), message, fix),
  });

  if (text.trim() === '') {
    return broken([problemOver(0, 0, '', 'the file is empty', 'Write at least {}.')]);
  }
  const tooDeep = offsetOfExcessDepth(text);
  if (tooDeep !== undefined) {
    return broken([
      problemOver(tooDeep, 1, '', `nested more than ${MAX_DEPTH} levels deep`, 'Remove the nesting.'),
    ]);
  }
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  if (errors.length > 0 || root === undefined) {
    const problems = errors.slice(0, MAX_SYNTAX_PROBLEMS).map((error) => {
      const [message, fix] = SYNTAX[printParseErrorCode(error.error)] ?? [
        'this is not JSON',
        'Correct the syntax here.',
      ];
      return problemOver(error.offset, error.length, '', message, fix);
    });
    return broken(problems);
  }

  const oddKeys: JsonDocument['oddKeys'] = [];
  const value = plainValue(root, [], (path, keyNode, message, fix) => {
    const problem = problemOver(keyNode.offset, keyNode.length, keyOf(path), message, fix);
    oddKeys.push({ path, problem });
  });
  return {
    label,
    value,
    problems: [],
    oddKeys,
    placeOf(path, at = 'value') {
      const node = nodeAt(root, path, at);
      return { source: label, range: rangeAt(node.offset, node.length) };
    },
    problemAt(path, message, fix, at = 'value') {
      const node = nodeAt(root, path, at);
      return problemOver(node.offset, node.length, keyOf(path), message, fix);
    },
  };
}

/** The node of `path`, or of the nearest parent that exists. */
function nodeAt(root: Node, path: SettingsPath, at: 'key' | 'value'): Node {
  for (let length = path.length; length > 0; length--) {
    const node = findNodeAtLocation(root, path.slice(0, length));
    if (node) {
      const property = node.parent?.type === 'property' ? node.parent.children?.[0] : undefined;
      return at === 'key' && length === path.length ? (property ?? node) : node;
    }
  }
  return root;
}

type ReportOddKey = (path: SettingsPath, keyNode: Node, message: string, fix: string) => void;

function plainValue(node: Node, path: SettingsPath, odd: ReportOddKey): unknown {
  if (node.type === 'array') {
    return (node.children ?? []).map((child, index) => plainValue(child, [...path, index], odd));
  }
  if (node.type !== 'object') {
    return node.value;
  }
  const result: Record<string, unknown> = {};
  for (const property of node.children ?? []) {
    const [keyNode, valueNode] = property.children ?? [];
    if (keyNode === undefined || valueNode === undefined) {
      continue;
    }
    const key = String(keyNode.value);
    const keyPath = [...path, key];
    if (key === '__proto__') {
      odd(keyPath, keyNode, 'this key is not allowed', 'Remove it.');
      continue;
    }
    if (Object.hasOwn(result, key)) {
      odd(keyPath, keyNode, 'this key stands here twice', 'Keep one of the two.');
    }
    result[key] = plainValue(valueNode, keyPath, odd);
  }
  return result;
}

/** jsonc-parser's `SyntaxKind`: an ambient const enum, which isolated modules can't use by name. */
const TOKEN = { openBrace: 1, closeBrace: 2, openBracket: 3, closeBracket: 4, end: 17 };

function offsetOfExcessDepth(text: string): number | undefined {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (let token: number = scanner.scan(); token !== TOKEN.end; token = scanner.scan()) {
    if (token === TOKEN.openBrace || token === TOKEN.openBracket) {
      depth++;
      if (depth > MAX_DEPTH) {
        return scanner.getTokenOffset();
      }
    } else if (token === TOKEN.closeBrace || token === TOKEN.closeBracket) {
      depth--;
    }
  }
  return undefined;
}

/** Line breaks as editors count them: \n, \r\n, \r. */
function rangeFinder(text: string): (offset: number, length: number) => SettingsRange {
  let starts: number[] | undefined;
  return (offset, length) => {
    starts ??= [0, ...[...text.matchAll(/\r\n|\r|\n/g)].map((match) => match.index + match[0].length)];
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return { offset, length, line: low, column: offset - (starts[low] ?? 0) };
  };
}

const SYNTAX: Partial<Record<string, [message: string, fix: string]>> = {
  InvalidSymbol: ['this is not a JSON value', 'Put text in double quotes.'],
  InvalidNumberFormat: ['this is not a JSON number', 'Write digits, such as 3000.'],
  PropertyNameExpected: [
    'a key in double quotes was expected',
    'Write "key": value, or remove what stands here.',
  ],
  ValueExpected: ['a value was expected', 'Write a value here, or remove the key.'],
  ColonExpected: ['a colon was expected', 'Write "key": value.'],
  CommaExpected: ['a comma was expected', 'Write a comma between two entries.'],
  CloseBraceExpected: ['a closing brace was expected', 'Close the object with }.'],
  CloseBracketExpected: ['a closing bracket was expected', 'Close the list with ].'],
  EndOfFileExpected: ['the file goes on after its end', 'Remove what stands here.'],
  UnexpectedEndOfComment: ['this comment does not end', 'Close it with */.'],
  UnexpectedEndOfString: ['this text does not end', 'Close it with a double quote.'],
  UnexpectedEndOfNumber: ['this number is not complete', 'Write digits, such as 3000.'],
  InvalidUnicode: ['this is not a Unicode escape', 'Write \\u and four hex digits.'],
  InvalidEscapeCharacter: ['this is not a JSON escape', 'Write \\\\ for a backslash.'],
  InvalidCharacter: ['this character is not allowed', 'Write it as an escape (\\n, \\t).'],
};

/** A value as it is shown in a message: JSON, printable, short. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) {
    return 'a list';
  }
  if (typeof value === 'object' && value !== null) {
    return 'an object';
  }
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value);
  return printable(text, 90);
}
