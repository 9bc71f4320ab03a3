import type { Stats } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfAborted } from '../core/deadline';
import { BulkheadError, codeOf, messageOf } from '../core/errors';
import { printable } from '../core/log';
import { readFolder } from '../core/regularFile';
import type { Excludes } from './exclude';

const ENTRIES_MAX = 500_000;
/** A folder full of sockets must not fill the memory with sentences about them. */
const WARNINGS_MAX = 1_000;

/** One entry of the host's folder. `path` is relative, with `/` between components. */
export interface HostEntry {
  path: string;
  type: 'file' | 'directory' | 'symlink';
  stat: Stats;
}

export interface HostTree {
  /** The folder's real path: nothing is read outside of it. */
  root: string;
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
  const root = await realRoot(folder);
  let seen = 0;
  let bytes = 0;
  const folders = [''];
  for (let parent = folders.pop(); parent !== undefined; parent = folders.pop()) {
    throwIfAborted(signal);
    for (const name of await namesIn(root, parent, warnings)) {
      const path = parent === '' ? name : `${parent}/${name}`;
      if (++seen > ENTRIES_MAX) {
        throw new BulkheadError(`The folder ${folder} has more than ${ENTRIES_MAX} files.`, {
          kind: 'usage',
          next: 'Leave some out with `workspace.exclude` in .bulkhead.json.',
        });
      }
      const excluded = excludes.excludes(path);
      if (excluded && excludes.prunes) {
        continue;
      }
      const stat = await statOf(join(root, path), path, warnings);
      const type = stat && typeOf(stat);
      if (stat && type === 'directory') {
        folders.push(path);
      }
      if (!stat || excluded) {
        continue;
      }
      if (!type) {
        warn(warnings, path, 'is not a file, folder or link');
        continue;
      }
      bytes += type === 'file' ? stat.size : 0;
      entries.push({ path, type, stat });
    }
  }
  return { root, entries, bytes, warnings };
}

async function realRoot(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (error) {
    throw unreadable(folder, error);
  }
}

function unreadable(folder: string, error: unknown): BulkheadError {
  return new BulkheadError(`Failed to read the folder ${folder}: ${messageOf(error)}`, {
    kind: 'usage',
    cause: error,
  });
}

async function namesIn(root: string, parent: string, warnings: string[]): Promise<string[]> {
  try {
    return await readFolder(join(root, parent), root);
  } catch (error) {
    if (parent === '') {
      throw unreadable(root, error);
    }
    if (codeOf(error) !== 'ENOENT') {
      warn(warnings, parent, `can't be read (${codeOf(error) ?? 'changed'})`);
    }
    return [];
  }
}

async function statOf(absolute: string, path: string, warnings: string[]): Promise<Stats | undefined> {
  try {
    return await lstat(absolute);
  } catch (error) {
    // Gone since it was listed, or a name that isn't UTF-8.
    warn(warnings, path, `can't be read (${codeOf(error) ?? 'error'})`);
    return undefined;
  }
}

function warn(warnings: string[], path: string, why: string): void {
  if (warnings.length < WARNINGS_MAX) {
    warnings.push(`${printable(path, 300)} ${why}: left out.`);
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
