import { isRepositoryName } from '../../guest/copy/hostName';

/** `none`: not in a repository's own folder. `ignored`: comes as commits, if at all. */
export type GitPart = 'none' | 'repository' | 'dangerous' | 'ignored' | 'disguised';

/**
 * What a path is to git. `.git` as a whole is no subject of a review (objects, index); what in it runs programs or leads git
 * elsewhere is. A name that is only nearly `.git` has no honest use.
 */
export function gitPart(path: string): GitPart {
  const names = path.split('/');
  const at = names.findIndex(isRepositoryName);
  if (at < 0) {
    return 'none';
  }
  if (names[at] !== '.git') {
    return 'disguised';
  }
  const inside = names.slice(at + 1);
  if (inside.length === 0) {
    return 'repository';
  }
  return runsSomething(inside) ? 'dangerous' : 'ignored';
}

/** The `.git` folder that a path is in; undefined if it is in none. */
export function repositoryOf(path: string): string | undefined {
  const names = path.split('/');
  const at = names.indexOf('.git');
  return at < 0 || at === names.length - 1 ? undefined : names.slice(0, at + 1).join('/');
}

/** gitrepository-layout(5). Submodules have the same below `modules/<name>`, work trees below `worktrees/<name>`. */
function runsSomething(inside: readonly string[]): boolean {
  const last = inside.at(-1) ?? '';
  const isHook = inside.slice(0, -1).includes('hooks') && !last.endsWith('.sample');
  return (
    isHook ||
    ['config', 'config.worktree', 'commondir', 'gitdir'].includes(last) ||
    (inside.at(-2) === 'info' && ['attributes', 'exclude', 'grafts'].includes(last))
  );
}
