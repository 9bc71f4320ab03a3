import { isSafeHostName } from '../../guest/copy/hostName';

/**
 * Whether a link at `path` (relative to the folder) may have that target: it stays in the folder, and its text says so by
 * itself: `..` at its start only, so that no other link on the way can turn it elsewhere.
 */
export function staysInside(path: string, target: string): boolean {
  const names = target.replace(/\/$/, '').split('/');
  const ups = names.findIndex((name) => name !== '..');
  const rest = ups < 0 ? [] : names.slice(ups);
  const depth = path.split('/').length - 1;
  return (ups < 0 ? names.length : ups) <= depth && rest.every((name) => isSafeHostName(name));
}
