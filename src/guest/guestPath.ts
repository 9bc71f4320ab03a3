import { BulkheadError } from '../core/errors';
import { printable } from '../core/log';

/** Linux's PATH_MAX, in bytes. */
const PATH_MAX = 4096;

/** Checks an absolute guest path that our side chose, and drops trailing slashes. */
export function checkGuestPath(path: string): string {
  if (!path.startsWith('/') || path.includes('\0') || Buffer.byteLength(path) > PATH_MAX) {
    throw new BulkheadError(`Not an absolute path in the VM: ${printable(JSON.stringify(path), 300)}`, {
      kind: 'usage',
      next: 'Give a path that begins with "/".',
    });
  }
  const trimmed = path.replace(/\/+$/, '');
  return trimmed === '' ? '/' : trimmed;
}

/** True for a name that the guest may give to a directory entry: one path component and nothing else. */
export function isEntryName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name !== '' &&
    name !== '.' &&
    name !== '..' &&
    !name.includes('/') &&
    !name.includes('\0') &&
    // NAME_MAX is 255 bytes; a byte that isn't UTF-8 became a replacement character of three.
    name.length <= 255
  );
}

/** True for a clean absolute path inside `root` (or `root` itself): no `.`, `..` or empty components. */
export function isInside(root: string, path: string): boolean {
  if (path === root) {
    return true;
  }
  const prefix = root === '/' ? '/' : `${root}/`;
  return (
    path.startsWith(prefix) &&
    path.length <= PATH_MAX &&
    path.slice(prefix.length).split('/').every(isEntryName)
  );
}

/** Joins a folder and an entry name. */
export function joinGuest(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}
