import type { HostFolder } from '../../guest/copy/hostFolder';
import { atHostPath, type HostState, hostStateAt } from '../host/hostPath';

const NAMES_MAX = 100_000;

/** All folders on the way to `paths`, the innermost first. */
export function foldersAbove(paths: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const path of paths) {
    const names = path.split('/').slice(0, -1);
    for (const depth of names.keys()) {
      folders.add(names.slice(0, depth + 1).join('/'));
    }
  }
  return [...folders].sort((a, b) => b.length - a.length);
}

/** What is at that path, if it is a folder with nothing in it. */
export async function emptyFolder(root: HostFolder, path: string): Promise<HostState | undefined> {
  const state = await hostStateAt(root, path);
  if (state.type !== 'directory') {
    return undefined;
  }
  const isEmpty = await atHostPath<boolean>(
    root,
    path,
    async (holder, name) => {
      const inner = await holder?.child(name);
      try {
        return inner !== undefined && (await inner.names(NAMES_MAX)).length === 0;
      } finally {
        await inner?.close();
      }
    },
    false,
  );
  return isEmpty ? state : undefined;
}
