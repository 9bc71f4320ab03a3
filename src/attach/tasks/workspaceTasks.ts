import type { GuestFiles } from '../../guest/guestFiles';
import { joinGuest } from '../../guest/guestPath';
import { type DetectedTask, LOCK_FILES, makeTargets, type PackageTool, packageScripts } from './detectTasks';

/** Folders looked at beside the root: one level, and no more than these. */
const FOLDERS_MAX = 40;
const ENTRIES_MAX = 5_000;
const FILE_MAX = 512 * 1024;
const NEVER = new Set(['node_modules', 'vendor', 'dist', 'build', 'target']);
/** In the order in which make looks for them. */
const MAKEFILES = ['GNUmakefile', 'makefile', 'Makefile'];

/** What package.json files and makefiles in `root` and one level below offer. Files that can't be read are passed over. */
export async function workspaceTasks(
  files: Pick<GuestFiles, 'readDirectory' | 'readFile'>,
  root: string,
  signal: AbortSignal,
): Promise<DetectedTask[]> {
  const top = await files.readDirectory(root, { limit: ENTRIES_MAX, signal });
  const folders = top
    .filter(({ name, type }) => type === 'directory' && !name.startsWith('.') && !NEVER.has(name))
    .map(({ name }) => name)
    .sort()
    .slice(0, FOLDERS_MAX);
  const below = await Promise.all(
    folders.map(async (folder) => {
      try {
        const path = joinGuest(root, folder);
        const entries = await files.readDirectory(path, { limit: ENTRIES_MAX, signal });
        return await tasksOf(files, path, new Set(entries.map(({ name }) => name)), folder, signal);
      } catch {
        // Not readable for this account, or too large to be a package's folder.
        return [];
      }
    }),
  );
  return [
    ...(await tasksOf(files, root, new Set(top.map(({ name }) => name)), undefined, signal)),
    ...below.flat(),
  ];
}

async function tasksOf(
  files: Pick<GuestFiles, 'readFile'>,
  path: string,
  names: Set<string>,
  folder: string | undefined,
  signal: AbortSignal,
): Promise<DetectedTask[]> {
  const read = async (name: string | undefined) => {
    if (name === undefined || !names.has(name)) {
      return '';
    }
    const content = await files
      .readFile(joinGuest(path, name), { maxBytes: FILE_MAX, signal })
      .catch(() => Buffer.alloc(0));
    return content.toString();
  };
  const lock = Object.entries(LOCK_FILES).find(([name]) => names.has(name));
  const tool: PackageTool = lock?.[1] ?? 'npm';
  const makefile = MAKEFILES.find((name) => names.has(name));
  return [
    ...packageScripts(await read('package.json'), tool, folder),
    ...makeTargets(await read(makefile), folder),
  ];
}
