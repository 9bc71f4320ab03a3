import { createHash } from 'node:crypto';
import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { BulkheadError } from '../core/errors';
import { openRegularFile } from '../core/regularFile';
import { type Excludes, parseExcludes } from './exclude';
import { isFileError } from './fileError';
import type { Guest } from './guest';
import type { FileStat, GuestFiles } from './guestFiles';
import { checkGuestPath, joinGuest } from './guestPath';
import { hashGuestFiles } from './hashGuestFiles';
import { type HostEntry, listHostTree } from './hostTree';

/** A file that differs between the VM's workspace and the host's folder. */
export interface WorkspaceDifference {
  /** Relative to the workspace, with `/` between components. */
  path: string;
  /** As seen from the host: `added` is only in the VM, `deleted` only on the host. */
  kind: 'added' | 'modified' | 'deleted';
}

export interface CompareOptions {
  hostFolder: string;
  guestFolder: string;
  exclude: string[];
  /** Stop after this many differences. */
  limit: number;
  /** Account that can read the workspace; the machine's default user if undefined. */
  user?: string;
  signal?: AbortSignal;
}

/** More files than this in the VM's workspace are an error, not a list. */
const GUEST_ENTRIES_MAX = 200_000;
/** Folders listed at a time: hides the round trip to an emulated guest. */
const LISTINGS = 8;

/** Compares type, size, link target and SHA-256. An empty list means that removing the VM loses no work. */
export async function compareWorkspace(
  guest: Guest,
  options: CompareOptions,
): Promise<WorkspaceDifference[]> {
  const excludes = parseExcludes(options.exclude);
  const wait = options.signal ? { signal: options.signal } : {};
  const root = checkGuestPath(options.guestFolder);
  const files = await guest.files({ ...wait, ...(options.user !== undefined && { user: options.user }) });
  const [host, inGuest] = await Promise.all([
    listHostTree(options.hostFolder, excludes, options.signal),
    listGuestTree(files, root, excludes, options.signal),
  ]);
  const onHost = new Map(host.entries.map((entry) => [entry.path, entry]));
  const differences: WorkspaceDifference[] = [];
  const sameSize: string[] = [];
  for (const [path, stat] of inGuest) {
    const entry = onHost.get(path);
    if (!entry) {
      differences.push({ path, kind: 'added' });
    } else if (entry.type !== stat.type || (entry.type === 'file' && entry.stat.size !== stat.size)) {
      differences.push({ path, kind: 'modified' });
    } else if (entry.type === 'file') {
      sameSize.push(path);
    } else if (entry.type === 'symlink' && !(await sameLink(files, root, host.root, entry, options))) {
      differences.push({ path, kind: 'modified' });
    }
    if (differences.length >= options.limit) {
      return differences.slice(0, options.limit);
    }
  }
  for (const entry of host.entries) {
    if (!inGuest.has(entry.path)) {
      differences.push({ path: entry.path, kind: 'deleted' });
    }
  }
  if (differences.length >= options.limit) {
    return differences.slice(0, options.limit);
  }
  for await (const { paths, hashes } of hashGuestFiles(guest, root, sameSize, options)) {
    for (const path of paths) {
      const theirs = hashes.get(path);
      if (theirs === undefined || theirs !== (await hashOnHost(join(host.root, path), host.root))) {
        differences.push({ path, kind: 'modified' });
      }
    }
    if (differences.length >= options.limit) {
      break;
    }
  }
  return differences.slice(0, options.limit);
}

async function listGuestTree(
  files: GuestFiles,
  root: string,
  excludes: Excludes,
  signal: AbortSignal | undefined,
): Promise<Map<string, FileStat>> {
  const found = new Map<string, FileStat>();
  const folders = [''];
  const list = async (folder: string) => {
    const path = folder === '' ? root : joinGuest(root, folder);
    for (const entry of await entriesOf(files, path, folder === '', signal)) {
      const relative = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const excluded = excludes.excludes(relative);
      if (!excluded) {
        found.set(relative, entry);
      }
      if (entry.type === 'directory' && !(excluded && excludes.prunes)) {
        folders.push(relative);
      }
    }
    if (found.size + folders.length > GUEST_ENTRIES_MAX) {
      throw new BulkheadError(
        `The VM's workspace has too many files to compare (over ${GUEST_ENTRIES_MAX}).`,
        {
          next: 'Leave some out with `workspace.exclude` in .bulkhead.json.',
        },
      );
    }
  };
  while (folders.length > 0) {
    await Promise.all(folders.splice(-LISTINGS).map(list));
  }
  return found;
}

async function entriesOf(files: GuestFiles, path: string, isRoot: boolean, signal: AbortSignal | undefined) {
  try {
    return await files.readDirectory(path, { limit: GUEST_ENTRIES_MAX, ...(signal && { signal }) });
  } catch (error) {
    // A folder that has just gone has no entries; one that can't be read shows as a folder only.
    if (isFileError(error, 'ENOENT', 'EACCES', 'ENOTDIR') && !isRoot) {
      return [];
    }
    throw error;
  }
}

async function sameLink(
  files: GuestFiles,
  root: string,
  hostRoot: string,
  entry: HostEntry,
  options: CompareOptions,
): Promise<boolean> {
  try {
    const [theirs, ours] = await Promise.all([
      files.readlink(joinGuest(root, entry.path), options.signal ? { signal: options.signal } : {}),
      readlink(join(hostRoot, entry.path)),
    ]);
    return theirs === ours;
  } catch (error) {
    if (isFileError(error, 'EIO') || !isFileError(error)) {
      throw error;
    }
    return false;
  }
}

async function hashOnHost(path: string, within: string): Promise<string | undefined> {
  try {
    const { file } = await openRegularFile(path, within);
    const hash = createHash('sha256');
    for await (const chunk of file.createReadStream({ highWaterMark: 1024 * 1024 })) {
      hash.update(chunk as Buffer);
    }
    return hash.digest('hex');
  } catch {
    // It changed or went while we looked: that is a difference.
    return undefined;
  }
}
