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
import { type HostEntry, listHostTree } from './hostTree';
import { kitTools } from './kitTools';

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
/** Bytes of paths in one `sha256sum` command (the command line holds them as hex). */
const BATCH_BYTES = 40_000;
const HASH_MS = 600_000;

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
  for (const batch of batches(sameSize, root)) {
    if (differences.length >= options.limit) {
      break;
    }
    const hashes = await hashInGuest(guest, root, batch, options);
    for (const path of batch) {
      const theirs = hashes.get(path);
      if (theirs === undefined || theirs !== (await hashOnHost(join(host.root, path), host.root))) {
        differences.push({ path, kind: 'modified' });
      }
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

function* batches(paths: string[], root: string): Generator<string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const path of paths) {
    const size = Buffer.byteLength(joinGuest(root, path)) + 1;
    if (bytes + size > BATCH_BYTES && batch.length > 0) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(path);
    bytes += size;
  }
  if (batch.length > 0) {
    yield batch;
  }
}

/** SHA-256 (hex) by path, for those of the batch that could be read. */
async function hashInGuest(
  guest: Guest,
  root: string,
  batch: string[],
  options: CompareOptions,
): Promise<Map<string, string>> {
  const paths = batch.map((path) => joinGuest(root, path));
  const output = await guest.run(
    { argv: [kitTools(guest).busybox, 'sha256sum', '--', ...paths] },
    {
      cwd: '/',
      deadlineMs: HASH_MS,
      maxBytes: BATCH_BYTES + paths.length * 80,
      ...(options.user !== undefined && { user: options.user }),
      ...(options.signal && { signal: options.signal }),
    },
  );
  return parseHashes(output.stdout, batch, paths);
}

/**
 * Reads `<64 hex>  <path>\n` records in the order the paths were given. A path may hold a newline, so the
 * next record is found by the path that is expected, never by splitting lines; a path without one is left out.
 */
export function parseHashes(stdout: Buffer, names: string[], paths: string[]): Map<string, string> {
  const hashes = new Map<string, string>();
  let at = 0;
  names.forEach((name, index) => {
    const tail = Buffer.from(`  ${paths[index] ?? ''}\n`);
    const end = at + 64 + tail.length;
    const hash = stdout.toString('latin1', at, at + 64);
    if (/^[0-9a-f]{64}$/.test(hash) && stdout.subarray(at + 64, end).equals(tail)) {
      hashes.set(name, hash);
      at = end;
    }
  });
  return hashes;
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
