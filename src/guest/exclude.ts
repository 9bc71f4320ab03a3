import { BulkheadError } from '../core/errors';

const PATTERNS_MAX = 500;
const PATTERN_MAX = 1_000;

export interface Excludes {
  /** `path` is relative to the workspace, with `/` between components. True if it or a parent is excluded. */
  excludes(path: string): boolean;
  /** True if nothing below an excluded folder can come back, so that it need not be looked into. */
  readonly prunes: boolean;
}

/**
 * Patterns of `workspace.exclude`, read like lines of a .gitignore: a pattern without `/` in it matches a
 * name at any depth (`node_modules`), with one it is relative to the workspace (`/dist`, `docs/build`); `*`
 * and `?` stay in one component, `**` spans any number; what matches is left out with all below it; the last
 * match wins and `!` brings back. `[` is an ordinary character. The patterns come from a repo, so
 * matching takes time proportional to pattern × path, whatever they are.
 */
export function parseExcludes(patterns: readonly string[]): Excludes {
  if (patterns.length > PATTERNS_MAX || patterns.some((pattern) => pattern.length > PATTERN_MAX)) {
    throw new BulkheadError('The list of files to exclude is too long.', {
      kind: 'usage',
      next: `Give at most ${PATTERNS_MAX} patterns of at most ${PATTERN_MAX} characters in \`workspace.exclude\`.`,
    });
  }
  const rules = patterns.filter((pattern) => pattern.trim() !== '').map(parseRule);
  const matches = (components: string[]) => {
    let excluded = false;
    for (const rule of rules) {
      if (rule.back === excluded && matchComponents(rule.glob, components)) {
        excluded = !rule.back;
      }
    }
    return excluded;
  };
  const prunes = !rules.some((rule) => rule.back);
  return {
    prunes,
    excludes: (path) => {
      const components = path.split('/');
      let excluded = false;
      for (let depth = 1; depth <= components.length; depth++) {
        const part = components.slice(0, depth);
        if (matches(part)) {
          excluded = true;
        } else if (rules.some((rule) => rule.back && matchComponents(rule.glob, part))) {
          excluded = false;
        }
      }
      return excluded;
    },
  };
}

interface Rule {
  glob: string[];
  /** `!pattern`: brings back what an earlier pattern left out. */
  back: boolean;
}

function parseRule(pattern: string): Rule {
  const back = pattern.startsWith('!');
  const body = pattern.slice(back ? 1 : 0).replace(/\/+$/, '');
  const parts = body.split('/').filter((part) => part !== '' && part !== '.');
  return { back, glob: body.includes('/') ? parts : ['**', ...parts] };
}

/** `**` matches any number of components. Remembers the last `**`, as `matchName` does the last `*`. */
function matchComponents(glob: string[], components: string[]): boolean {
  return match(
    glob.length,
    components.length,
    (at) => glob[at] === '**',
    (g, c) => {
      const part = glob[g];
      const component = components[c];
      return part !== undefined && component !== undefined && matchName(part, component);
    },
  );
}

function matchName(glob: string, name: string): boolean {
  return match(
    glob.length,
    name.length,
    (at) => glob[at] === '*',
    (g, n) => glob[g] === '?' || glob[g] === name[n],
  );
}

/** Wildcard matching with one backtrack point: O(pattern × text), never exponential. */
function match(
  patternLength: number,
  textLength: number,
  isStar: (at: number) => boolean,
  same: (pattern: number, text: number) => boolean,
): boolean {
  let pattern = 0;
  let star = -1;
  let starText = 0;
  for (let text = 0; text < textLength; ) {
    if (pattern < patternLength && isStar(pattern)) {
      star = pattern++;
      starText = text;
    } else if (pattern < patternLength && same(pattern, text)) {
      pattern++;
      text++;
    } else if (star >= 0) {
      pattern = star + 1;
      text = ++starText;
    } else {
      return false;
    }
  }
  while (pattern < patternLength && isStar(pattern)) {
    pattern++;
  }
  return pattern === patternLength;
}
