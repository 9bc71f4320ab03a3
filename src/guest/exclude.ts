import { BulkheadError } from '../core/errors';
import { matchesWildcard } from '../core/wildcard';

const PATTERNS_MAX = 500;
const PATTERN_MAX = 1_000;
/** Of all patterns together: times the longest path that is what one path can cost. */
const CHARS_MAX = 64 * 1024;

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
  const chars = patterns.reduce((sum, pattern) => sum + pattern.length, 0);
  if (
    patterns.length > PATTERNS_MAX ||
    chars > CHARS_MAX ||
    patterns.some((pattern) => pattern.length > PATTERN_MAX)
  ) {
    throw new BulkheadError('The list of files to exclude is too long.', {
      kind: 'usage',
      next: `Give at most ${PATTERNS_MAX} patterns of at most ${PATTERN_MAX} characters (${CHARS_MAX} in all) in \`workspace.exclude\`.`,
    });
  }
  const rules = patterns.filter((pattern) => pattern.trim() !== '').map(parseRule);
  const prunes = !rules.some((rule) => rule.back);
  return {
    prunes,
    excludes: (path) => {
      const components = path.split('/');
      const matched = rules.map((rule) => matchedDepths(rule.glob, components));
      let excluded = false;
      for (let depth = 0; depth < components.length; depth++) {
        let whole = false;
        let back = false;
        for (const [at, rule] of rules.entries()) {
          if (matched[at]?.[depth]) {
            whole = !rule.back;
            back ||= rule.back;
          }
        }
        if (whole) {
          excluded = true;
        } else if (back) {
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

/**
 * Which of the folders that a path goes through, and the path itself, the pattern matches: one look at each component, and only
 * at the parts of the pattern that can come next. `**` matches any number of components.
 */
function matchedDepths(glob: string[], components: string[]): boolean[] {
  const enter = (at: number, into: Set<number>) => {
    into.add(at);
    for (let next = at; glob[next] === '**'; ) {
      into.add(++next);
    }
  };
  let active = new Set<number>();
  enter(0, active);
  return components.map((component) => {
    const next = new Set<number>();
    for (const at of active) {
      const part = glob[at];
      if (part === '**') {
        enter(at, next);
      } else if (part !== undefined && matchesName(part, component)) {
        enter(at + 1, next);
      }
    }
    active = next;
    return active.has(glob.length);
  });
}

function matchesName(glob: string, name: string): boolean {
  return matchesWildcard(
    glob.length,
    name.length,
    (at) => glob[at] === '*',
    (g, n) => glob[g] === '?' || glob[g] === name[n],
  );
}
