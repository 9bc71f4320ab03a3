import type { HostFolder } from '../../guest/copy/hostFolder';
import { atHostPath, type HostState, hostStateAt } from '../host/hostPath';

const NAMES_MAX = 100_000;

/** All folders on the way to `paths`, the innermost first. */
function foldersAbove(paths: readonly string[]): string[] {
  const folders = new Set<string>();
  for (const path of paths) {
    const names = path.split('/').slice(0, -1);
    for (const depth of names.keys()) {
      folders.add(names.slice(0, depth + 1).join('/'));
    }
  }
  return [...folders].sort((a, b) => b.length - a.length);
}

/** The folders above `paths` that have nothing in them, or only each other; the innermost first, each with what it is. */
export async function emptiedFolders(
  root: HostFolder,
  paths: readonly string[],
): Promise<{ path: string; state: HostState }[]> {
  const found = new Map<string, HostState>();
  for (const path of foldersAbove(paths)) {
    const state = await hostStateAt(root, path);
    const names = state.type === 'directory' ? await namesIn(root, path) : undefined;
    if (names?.every((name) => found.has(`${path}/${name}`))) {
      found.set(path, state);
    }
  }
  return [...found].map(([path, state]) => ({ path, state }));
}

function namesIn(root: HostFolder, path: string): Promise<string[] | undefined> {
  return atHostPath<string[] | undefined>(
    root,
    path,
    async (holder, name) => {
      const inner = await holder?.child(name);
      try {
        return await inner?.names(NAMES_MAX);
      } finally {
        await inner?.close();
      }
    },
    undefined,
  );
}
