import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfAborted } from '../core/deadline';
import { BulkheadError, codeOf, messageOf } from '../core/errors';
import { printable } from '../core/log';
import type { Excludes } from './exclude';

const ENTRIES_MAX = 500_000;

/** One entry of the host's folder. `path` is relative, with `/` between components. */
export interface HostEntry {
  path: string;
  type: 'file' | 'directory' | 'symlink';
  stat: Stats;
}

export interface HostTree {
  /** Folders come before what is in them. */
  entries: HostEntry[];
  /** Bytes of all files. */
  bytes: number;
  /** What was left out (sockets, devices, unreadable folders), each a sentence. */
  warnings: string[];
}

/** Lists a folder of the host without following a symlink. Throws a `usage` error over 500,000 entries. */
export async function listHostTree(
  folder: string,
  excludes: Excludes,
  signal: AbortSignal | undefined,
): Promise<HostTree> {
  const entries: HostEntry[] = [];
  const warnings: string[] = [];
  let bytes = 0;
  const folders = [''];
  for (let parent = folders.pop(); parent !== undefined; parent = folders.pop()) {
    throwIfAborted(signal);
    for (const name of await namesIn(folder, parent, warnings)) {
      const path = parent === '' ? name : `${parent}/${name}`;
      const excluded = excludes.excludes(path);
      if (excluded && excludes.prunes) {
        continue;
      }
      const stat = await statOf(join(folder, path), path, warnings);
      const type = stat && typeOf(stat);
      if (stat && type === 'directory') {
        folders.push(path);
      }
      if (!stat || excluded) {
        continue;
      }
      if (!type) {
        warnings.push(`${printable(path, 300)} is not a file, folder or link: left out.`);
        continue;
      }
      bytes += type === 'file' ? stat.size : 0;
      if (entries.push({ path, type, stat }) > ENTRIES_MAX) {
        throw new BulkheadError(`The folder ${folder} has more than ${ENTRIES_MAX} files.`, {
          kind: 'usage',
          next: 'Leave some out with `workspace.exclude` in .bulkhead.json.',
        });
      }
    }
  }
  return { entries, bytes, warnings };
}

async function namesIn(folder: string, parent: string, warnings: string[]): Promise<string[]> {
  try {
    return (await readdir(join(folder, parent))).sort();
  } catch (error) {
    if (parent === '') {
      throw new BulkheadError(`Failed to read the folder ${folder}: ${messageOf(error)}`, {
        kind: 'usage',
        cause: error,
      });
    }
    if (codeOf(error) !== 'ENOENT') {
      warnings.push(`${printable(parent, 300)} can't be read (${codeOf(error) ?? 'error'}): left out.`);
    }
    return [];
  }
}

async function statOf(absolute: string, path: string, warnings: string[]): Promise<Stats | undefined> {
  try {
    return await lstat(absolute);
  } catch (error) {
    // Gone since it was listed, or a name that isn't UTF-8.
    warnings.push(`${printable(path, 300)} can't be read (${codeOf(error) ?? 'error'}): left out.`);
    return undefined;
  }
}

function typeOf(stat: Stats): HostEntry['type'] | undefined {
  if (stat.isFile()) {
    return 'file';
  }
  if (stat.isDirectory()) {
    return 'directory';
  }
  return stat.isSymbolicLink() ? 'symlink' : undefined;
}

/**
 * Opens a regular file for reading, never through a symlink at its end (where the platform can refuse
 * that) and never hanging on a FIFO that took its place. Throws if it is no regular file any more.
 */
export async function openRegularFile(path: string): Promise<{ file: FileHandle; stat: Stats }> {
  // Windows has neither flag.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const file = await open(path, flags);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) {
      throw new Error('not a regular file any more');
    }
    return { file, stat };
  } catch (error) {
    await file.close();
    throw error;
  }
}
