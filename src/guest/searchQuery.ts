import { parseExcludes } from './exclude';

/** What to look for in the files of a folder. */
export interface SearchQuery {
  text: string;
  /** `text` is a regular expression of the tool that searches (ripgrep's, Perl's or POSIX extended). */
  regex: boolean;
  matchCase: boolean;
  wholeWord: boolean;
  scope: FileScope;
}

/** Which files of a folder count. Patterns are read like lines of a .gitignore, with `{a,b}` for alternatives. */
export interface FileScope {
  /** Only files that one of these matches; all, if empty. */
  include: readonly string[];
  /** Files and folders that are left out. */
  exclude: readonly string[];
  /** Leave out what .gitignore and the like name, if the tool reads them. */
  useIgnoreFiles: boolean;
}

/** Patterns that one `{a,b}` pattern stands for, at most. */
const ALTERNATIVES_MAX = 64;

/** True for each path (relative to the folder, `/` between components) that counts. Throws a `usage` error on too many patterns. */
export function scopeFilter(scope: FileScope): (path: string) => boolean {
  const include = parseExcludes(scope.include.flatMap(expandBraces).map(dropSelf));
  const exclude = parseExcludes(scope.exclude.flatMap(expandBraces).map(dropSelf));
  const all = scope.include.length === 0;
  return (path) => (all || include.excludes(path)) && !exclude.excludes(path);
}

/** A comma-separated list as people type it; a comma in braces does not separate. */
export function splitPatterns(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = '';
  for (const character of text) {
    depth += character === '{' ? 1 : character === '}' ? -1 : 0;
    if (character === ',' && depth <= 0) {
      parts.push(part);
      part = '';
    } else {
      part += character;
    }
  }
  return [...parts, part].map((each) => each.trim()).filter((each) => each !== '');
}

/** `a{b,c}d` → `abd`, `acd`. Braces that don't pair stay as they are. */
export function expandBraces(pattern: string): string[] {
  const done: string[] = [];
  const open = [pattern];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const braces = /^([^{]*)\{([^{}]*)\}(.*)$/s.exec(next);
    if (!braces || done.length + open.length >= ALTERNATIVES_MAX) {
      done.push(next);
      continue;
    }
    const [, before = '', inside = '', after = ''] = braces;
    open.push(
      ...inside
        .split(',')
        .map((choice) => `${before}${choice}${after}`)
        .reverse(),
    );
  }
  return done;
}

/** `./src` is `src`, and `!` has no meaning here: the one list takes in, the other leaves out. */
function dropSelf(pattern: string): string {
  return pattern.replace(/^!+/, '').replace(/^\.\//, '/');
}
