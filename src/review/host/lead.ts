import { realpath } from 'node:fs/promises';
import { posix, relative, sep } from 'node:path';

/** Another name that programs of this computer have for a place in the folder. Both are relative to it. */
export interface Lead {
  /** What they open: a link's own path, or one in `.git` for what git's settings name. */
  name: string;
  /** Where that leads; '' is the folder itself. */
  to: string;
}

/** Where a link at `name` leads within the folder. @param at where it lies, if that is not its name */
export async function leadsOf(root: string, name: string, target: string, at?: string): Promise<Lead[]> {
  const place = at ?? `${root}${sep}${name}`;
  const parent = asRelative(root, place)?.split('/').slice(0, -1).join('/');
  const written = /^(?:\/|[A-Za-z]:)/.test(target)
    ? asRelative(root, target)
    : parent === undefined
      ? undefined
      : inside(posix.join(parent, target.split(sep).join('/')));
  // A link that leads nowhere yet has no real end.
  const real = await realpath(place).catch(() => undefined);
  const ends = [written, real === undefined ? undefined : asRelative(root, real)];
  return [...new Set(ends)].flatMap((to) => (to === undefined || to === name ? [] : { name, to }));
}

/** An absolute path as one relative to the folder; undefined if it is not in it. */
export function asRelative(root: string, path: string): string | undefined {
  return inside(relative(root, path).split(sep).join('/'));
}

function inside(path: string): string | undefined {
  const plain = posix.normalize(path === '' ? '.' : path).replace(/\/$/, '');
  if (plain === '.') {
    return '';
  }
  return plain === '..' || plain.startsWith('../') || /^(?:\/|[A-Za-z]:)/.test(plain) ? undefined : plain;
}
