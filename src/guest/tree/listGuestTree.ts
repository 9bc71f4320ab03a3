import type { Readable } from 'node:stream';
import { BulkheadError } from '../../core/errors';
import type { WaitOptions } from '../../machine/hypervisor';
import type { Excludes } from '../exclude';
import type { Guest } from '../guest';
import type { FileType } from '../guestFiles';
import { checkGuestPath } from '../guestPath';
import { runTree, TREE_TOOL } from './runTree';

/** What one look at a file of the guest found. All of it is the guest's word. */
export interface GuestEntry {
  type: FileType;
  /** 12 permission bits. */
  mode: number;
  /** Bytes. */
  size: number;
  /** Seconds with nanoseconds behind a dot, as text: only ever compared. */
  mtime: string;
  ctime: string;
  inode: string;
  /** Of a symlink. */
  target?: string;
}

export interface GuestTree {
  /** By path relative to the folder, with `/` between names; what is excluded is left out. */
  entries: Map<string, GuestEntry>;
  /** Folders that could not be read: what is in them is not known. */
  unreadable: string[];
}

export const TREE_ENTRIES_MAX = 500_000;
const BYTES_MAX = 256 * 1024 * 1024;
/** A record's fields and a path or target of PATH_MAX bytes. */
const RECORD_MAX = 4096 + 200;
const RECORD = /^([fdlo]) ([0-7]{1,4}) (\d{1,16}) (-?\d{1,12}\.\d{9}) (-?\d{1,12}\.\d{9}) (\d{1,20}) (.+)$/s;
const TYPES: Record<string, FileType> = { f: 'file', d: 'directory', l: 'symlink', o: 'other' };

/**
 * Everything below a folder of the guest, in one process there and one pass here.
 * @throws BulkheadError if the answer is not whole, too large, or not in its format
 */
export function listGuestTree(
  guest: Guest,
  folder: string,
  options: WaitOptions & { excludes: Excludes; leaveOut?: readonly string[] },
): Promise<GuestTree> {
  return runTree(guest, ['list', checkGuestPath(folder), ...(options.leaveOut ?? [])], options, (output) =>
    parseGuestTree(output, options.excludes),
  );
}

export async function parseGuestTree(output: Readable, excludes: Excludes): Promise<GuestTree> {
  const tree: GuestTree = { entries: new Map(), unreadable: [] };
  let link: GuestEntry | undefined;
  let count = 0;
  let ended = false;
  for await (const record of nulRecords(output)) {
    if (ended) {
      throw malformed('goes on after its end');
    }
    if (link) {
      link.target = record;
      link = undefined;
      continue;
    }
    if (record.startsWith('! ')) {
      tree.unreadable.push(checkRelative(record.slice(2), true));
    } else if (record.startsWith('end ')) {
      ended = record === `end ${count}`;
      if (!ended) {
        throw malformed('lost some of it');
      }
    } else {
      const { path, entry } = parseRecord(record);
      if (++count > TREE_ENTRIES_MAX) {
        throw tooMany();
      }
      if (!excludes.excludes(path)) {
        tree.entries.set(path, entry);
      }
      link = entry.type === 'symlink' ? entry : undefined;
    }
    if (tree.unreadable.length > TREE_ENTRIES_MAX) {
      throw tooMany();
    }
  }
  if (!ended || count >= TREE_ENTRIES_MAX) {
    throw count >= TREE_ENTRIES_MAX ? tooMany() : malformed('ended too early');
  }
  return tree;
}

function parseRecord(record: string): { path: string; entry: GuestEntry } {
  const [, letter = '', mode = '', size = '', mtime = '', ctime = '', inode = '', path = ''] =
    RECORD.exec(record) ?? [];
  const type = TYPES[letter];
  if (!type || !Number.isSafeInteger(Number(size))) {
    throw malformed('is not in its format');
  }
  return {
    path: checkRelative(path, false),
    entry: { type, mode: Number.parseInt(mode, 8), size: Number(size), mtime, ctime, inode },
  };
}

function checkRelative(path: string, mayBeEmpty: boolean): string {
  if (mayBeEmpty && path === '') {
    return path;
  }
  if (path.split('/').some((name) => name === '' || name === '.' || name === '..')) {
    throw malformed('names a file outside of the folder');
  }
  return path;
}

async function* nulRecords(output: Readable): AsyncGenerator<string, void> {
  let rest: Buffer = Buffer.alloc(0);
  let bytes = 0;
  for await (const chunk of output as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BYTES_MAX) {
      throw tooMany();
    }
    const all = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let from = 0;
    for (let at = all.indexOf(0); at >= 0; at = all.indexOf(0, from)) {
      if (at - from > RECORD_MAX) {
        throw malformed('has a record without an end');
      }
      yield all.toString('utf8', from, at);
      from = at + 1;
    }
    rest = all.subarray(from);
    if (rest.length > RECORD_MAX) {
      throw malformed('has a record without an end');
    }
  }
  if (rest.length > 0) {
    throw malformed('ended too early');
  }
}

function malformed(how: string): BulkheadError {
  return new BulkheadError(`${TREE_TOOL} sent a list that ${how}`);
}

function tooMany(): BulkheadError {
  return new BulkheadError(`The VM’s workspace has too many files to look at (over ${TREE_ENTRIES_MAX})`, {
    next: 'Leave some out with `workspace.exclude` in .bulkhead.json.',
  });
}
