import { isWithin } from '../machineUri';

/** What git keeps in `.git` whose change changes a status; all else there is its own business. */
const MATTERS = /^(?:HEAD|index|config|packed-refs|MERGE_HEAD|CHERRY_PICK_HEAD|REVERT_HEAD|refs\/.+)$/;

/** Whether a change of this guest path can change the status of the repository. */
export function mattersToStatus(root: string, path: string): boolean {
  if (!isWithin(root, path)) {
    return false;
  }
  const [first, ...rest] = relativePath(root, path).split('/');
  if (first !== '.git') {
    return true;
  }
  const inside = rest.join('/');
  return !inside.endsWith('.lock') && MATTERS.test(inside);
}

/** `path` as git names it from the root; empty for the root itself. */
export function relativePath(root: string, path: string): string {
  return path.slice(root === '/' ? 1 : root.length + 1);
}

/** The other way round. */
export function absolutePath(root: string, path: string): string {
  return root === '/' ? `/${path}` : `${root}/${path}`;
}
