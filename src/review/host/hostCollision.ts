import type { HostFolder } from '../../guest/copy/hostFolder';
import { foldName } from '../dangers/foldName';

/** Names of one folder that are compared; a folder with more is taken as it is refused. */
const NAMES_MAX = 100_000;

/**
 * The name in an open folder that a forgiving file system takes for the same as `name`, without being it: another case,
 * another Unicode composition, characters that don't count. Undefined if there is none.
 */
export async function collidingName(
  holder: HostFolder,
  name: string,
  except: string | undefined,
): Promise<string | undefined> {
  const folded = foldName(name);
  const names = await holder.names(NAMES_MAX);
  return names.find((each) => each !== name && each !== except && foldName(each) === folded);
}

/** The path (of those with the same parents) that collides with a new path, name by name. */
export async function collidingPath(
  root: HostFolder,
  path: string,
  except: string | undefined,
): Promise<string | undefined> {
  const names = path.split('/');
  const opened: HostFolder[] = [];
  try {
    let holder = root;
    for (const [depth, name] of names.entries()) {
      if (!(await holder.statOf(name))) {
        const parent = names.slice(0, depth).join('/');
        const prefix = parent === '' ? '' : `${parent}/`;
        const spared = except?.startsWith(prefix) ? except.slice(prefix.length) : undefined;
        const found = await collidingName(holder, name, spared);
        return found === undefined ? undefined : `${prefix}${found}`;
      }
      if (depth < names.length - 1) {
        holder = await holder.child(name);
        opened.push(holder);
      }
    }
    return undefined;
  } finally {
    await Promise.all(opened.map((each) => each.close()));
  }
}
