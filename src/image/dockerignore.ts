import { posix } from 'node:path';
import { BulkheadError } from '../core/errors';
import { printable } from '../core/log';

/** More than any honest file has. Matching costs pattern × path, so these bound what one path can cost. */
const MAX_CHARS = 64 * 1024;
const MAX_PATTERNS = 1_000;

/** What a `.dockerignore` leaves out of a build context. */
export interface IgnoreRules {
  /** `path` is relative to the context, with slashes. True if it, or a folder that it lies in, is left out; the last match wins. */
  ignores(path: string): boolean;
  /** Patterns that bring something back (`!…`), without the mark. */
  readonly negated: readonly string[];
}

/**
 * Reads a `.dockerignore` as Docker does (moby, pkg/fileutils; Go's filepath.Match with `**`): comments, `!`, `*` and `?` within a
 * component, `**` over any number of them, `[a-z]`, `\` before what is meant literally (a separator on Windows). The file comes
 * from a repo: patterns become no regular expressions, and a path is matched in one pass without going back.
 * @throws BulkheadError of kind `usage` for a pattern that Docker refuses, or too many of them
 */
export function parseIgnoreFile(text: string, platform: NodeJS.Platform = process.platform): IgnoreRules {
  if (text.length > MAX_CHARS) {
    throw new BulkheadError(`The .dockerignore has more than ${MAX_CHARS} characters`, {
      kind: 'usage',
      next: 'Make it shorter.',
    });
  }
  const rules: { states: State[]; back: boolean }[] = [];
  const negated: string[] = [];
  for (const line of text.replace(/^\ufeff/, '').split('\n')) {
    const pattern = line.startsWith('#') ? '' : line.trim();
    const back = pattern.startsWith('!');
    const written = back ? pattern.slice(1).trim() : pattern;
    const cleaned = clean(platform === 'win32' ? written.replaceAll('\\', '/') : written);
    if (cleaned !== '') {
      rules.push({ states: compile(cleaned), back });
      if (back) {
        negated.push(cleaned);
      }
    }
    if (rules.length > MAX_PATTERNS) {
      throw new BulkheadError(`The .dockerignore has more than ${MAX_PATTERNS} patterns`, {
        kind: 'usage',
        next: 'Make it shorter.',
      });
    }
  }
  return {
    negated,
    ignores: (path) => {
      let ignored = false;
      for (const { states, back } of rules) {
        if (ignored === back && matches(states, path)) {
          ignored = !back;
        }
      }
      return ignored;
    },
  };
}

/** As Go's filepath.Clean, relative to the context. */
function clean(pattern: string): string {
  if (pattern === '') {
    return '';
  }
  const normal = posix.normalize(pattern).replace(/(?<=.)\/$/, '');
  return normal.length > 1 && normal.startsWith('/') ? normal.slice(1) : normal;
}

/** One step of a pattern, as a state of an automaton. The state behind the last one is the match. */
type State =
  /** One character. `undefined`: any but a slash. */
  | { kind: 'one'; fits: ((character: string) => boolean) | string | undefined }
  /** Any characters but slashes. */
  | { kind: 'star' }
  /** Nothing, or whole folders: entered here, goes on in the state behind it. */
  | { kind: 'folders' }
  /** Inside of those folders, until a slash. */
  | { kind: 'within' }
  /** All that is left. */
  | { kind: 'rest' };

function compile(pattern: string): State[] {
  const characters = Array.from(pattern);
  const states: State[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at];
    if (character === '*' && characters[at + 1] === '*') {
      // `**/` is as `**`.
      at += characters[at + 2] === '/' ? 2 : 1;
      states.push(
        ...(at + 1 >= characters.length
          ? [{ kind: 'rest' } as const]
          : [{ kind: 'folders' } as const, { kind: 'within' } as const]),
      );
    } else if (character === '*') {
      states.push({ kind: 'star' });
    } else if (character === '?') {
      states.push({ kind: 'one', fits: undefined });
    } else if (character === '[') {
      const { fits, end } = characterClass(characters, at + 1, pattern);
      states.push({ kind: 'one', fits });
      at = end;
    } else if (character === '\\') {
      at++;
      states.push({ kind: 'one', fits: characters[at] ?? refuse(pattern) });
    } else {
      states.push({ kind: 'one', fits: character });
    }
  }
  return states;
}

/** `[abc]`, `[a-z]`, `[^a]`: as Go's filepath.Match reads them. `end` is where the bracket closes. */
function characterClass(characters: string[], from: number, pattern: string) {
  let at = from;
  const not = characters[at] === '^';
  at += not ? 1 : 0;
  const ranges: [string, string][] = [];
  const next = (): string => {
    const escaped = characters[at] === '\\';
    const character = characters[escaped ? at + 1 : at];
    if (character === undefined || (!escaped && (character === '-' || character === ']'))) {
      return refuse(pattern);
    }
    at += escaped ? 2 : 1;
    return character;
  };
  while (characters[at] !== ']' || ranges.length === 0) {
    const low = next();
    let high = low;
    if (characters[at] === '-') {
      at++;
      high = next();
    }
    ranges.push([low, high]);
  }
  const order = (character: string) => character.codePointAt(0) ?? 0;
  const fits = (character: string) =>
    character !== '/' &&
    ranges.some(([low, high]) => order(low) <= order(character) && order(character) <= order(high)) !== not;
  return { fits, end: at };
}

function refuse(pattern: string): never {
  throw new BulkheadError(`The .dockerignore has a pattern that Docker refuses: ${printable(pattern, 200)}`, {
    kind: 'usage',
    next: 'Close its bracket, or write a backslash before what is meant literally.',
  });
}

/** Whether the path, or a folder that it lies in, is what the pattern says. */
function matches(states: readonly State[], path: string): boolean {
  let active = new Set<number>();
  enter(states, 0, active);
  for (const character of path) {
    if (character === '/' && active.has(states.length)) {
      return true;
    }
    const next = new Set<number>();
    for (const at of active) {
      step(states, at, character, next);
    }
    if (next.size === 0) {
      return false;
    }
    active = next;
  }
  return active.has(states.length);
}

/** Puts a state in, and those that can be reached from it without a character. */
function enter(states: readonly State[], at: number, into: Set<number>): void {
  for (let state = at; !into.has(state); ) {
    into.add(state);
    const kind = states[state]?.kind;
    if (kind === 'folders') {
      into.add(state + 1);
      state += 2;
    } else if (kind === 'star' || kind === 'rest') {
      state++;
    } else {
      return;
    }
  }
}

function step(states: readonly State[], at: number, character: string, next: Set<number>): void {
  const state = states[at];
  switch (state?.kind) {
    case 'one': {
      const { fits } = state;
      const fit =
        fits === undefined
          ? character !== '/'
          : typeof fits === 'string'
            ? fits === character
            : fits(character);
      if (fit) {
        enter(states, at + 1, next);
      }
      break;
    }
    case 'star':
      if (character !== '/') {
        enter(states, at, next);
      }
      break;
    case 'within':
      next.add(at);
      if (character === '/') {
        enter(states, at + 1, next);
      }
      break;
    case 'rest':
      enter(states, at, next);
      break;
    // `folders` has handed on to what is behind it, and the match itself takes nothing more.
  }
}
