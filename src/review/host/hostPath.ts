import { createHash } from 'node:crypto';
import { codeOf } from '../../core/errors';
import type { HostFolder } from '../../guest/copy/hostFolder';
import { isSafeHostName } from '../../guest/copy/hostName';

/** What is at a path of this computer's folder. */
export type HostState =
  | { type: 'absent' }
  /** A parent is a link or no folder: nothing is read or written there. */
  | { type: 'unreachable' }
  | { type: 'file'; mode: number; size: number; sha256: string }
  | { type: 'symlink'; target: string }
  | { type: 'directory'; mode: number }
  /** A device, socket, FIFO, or a file that can't be read. */
  | { type: 'other' };

/** Codes of the system for a parent that is not a folder, or a link (`O_NOFOLLOW | O_DIRECTORY`). */
const NO_FOLDER = new Set(['ENOTDIR', 'ELOOP']);

/**
 * Opens the folders on the way to `path`, one by one and following no link, and calls `work` with the last of them and the name
 * in it; `work` gets undefined if a folder on the way is missing, and is not called if one is something else.
 */
export async function atHostPath<T>(
  root: HostFolder,
  path: string,
  work: (holder: HostFolder | undefined, name: string) => Promise<T>,
  unreachable: T,
): Promise<T> {
  const names = path.split('/');
  const last = names.pop() ?? '';
  if (![...names, last].every((name) => isSafeHostName(name))) {
    return unreachable;
  }
  const opened: HostFolder[] = [];
  try {
    let holder: HostFolder | undefined = root;
    for (const name of names) {
      const kind: string | undefined = await holder.look(name);
      if (kind === undefined) {
        holder = undefined;
        break;
      }
      try {
        holder = await holder.child(name);
      } catch (error) {
        if (kind !== 'directory' || NO_FOLDER.has(codeOf(error) ?? '')) {
          return unreachable;
        }
        throw error;
      }
      opened.push(holder);
    }
    return await work(holder, last);
  } finally {
    await Promise.all(opened.map((each) => each.close()));
  }
}

export function hostStateAt(root: HostFolder, path: string): Promise<HostState> {
  return atHostPath<HostState>(
    root,
    path,
    (holder, name) => (holder ? hostStateOf(holder, name) : Promise.resolve({ type: 'absent' })),
    { type: 'unreachable' },
  );
}

/** What has that name in a folder that is held open; a file's bytes are read for their SHA-256. */
export async function hostStateOf(holder: HostFolder, name: string): Promise<HostState> {
  const stat = await holder.statOf(name);
  if (!stat) {
    return { type: 'absent' };
  }
  if (stat.isDirectory()) {
    return { type: 'directory', mode: stat.mode & 0o7777 };
  }
  if (stat.isSymbolicLink()) {
    return { type: 'symlink', target: await holder.readLink(name) };
  }
  if (!stat.isFile()) {
    return { type: 'other' };
  }
  try {
    const { file, stat: opened } = await holder.openFile(name);
    try {
      const hash = createHash('sha256');
      let size = 0;
      for await (const chunk of file.createReadStream({ highWaterMark: 1 << 20, autoClose: false })) {
        hash.update(chunk as Buffer);
        size += (chunk as Buffer).length;
      }
      return { type: 'file', mode: opened.mode & 0o7777, size, sha256: hash.digest('hex') };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return { type: 'absent' };
    }
    return { type: 'other' };
  }
}

/** A file's bytes; undefined if it is no regular file or larger than `maxBytes`. */
export async function readHostFile(
  holder: HostFolder,
  name: string,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const { file, stat } = await holder.openFile(name);
  try {
    return stat.size > maxBytes ? undefined : await file.readFile();
  } finally {
    await file.close();
  }
}

export function sameHostState(a: HostState, b: HostState): boolean {
  if (a.type === 'file' && b.type === 'file') {
    // Windows makes its own of a mode.
    return a.sha256 === b.sha256 && (a.mode === b.mode || process.platform === 'win32');
  }
  if (a.type === 'symlink' && b.type === 'symlink') {
    return a.target === b.target;
  }
  return a.type === b.type && a.type !== 'unreachable' && a.type !== 'other';
}
