import { lstat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../core/errors';

/**
 * Types (statfs(2)) of file systems that know a file by more names than the one that it is listed with: short ones, other
 * cases, streams; FUSE and 9p, because nobody can tell what lies behind them.
 */
const MANY_NAMES: ReadonlyMap<bigint, string> = new Map([
  [0x4d44n, 'FAT'],
  [0x2011bab0n, 'exFAT'],
  [0x5346544en, 'NTFS'],
  [0x7366746en, 'NTFS'],
  [0x517bn, 'SMB'],
  [0xff534d42n, 'SMB'],
  [0xfe534d42n, 'SMB'],
  [0x4244n, 'HFS'],
  [0x482bn, 'HFS+'],
  [0x01021997n, '9p'],
  [0x786f4256n, 'a shared folder of VirtualBox'],
  [0x65735546n, 'FUSE'],
]);

/** How many entries are looked for under another case. */
const TRIED_MAX = 20;

/** What a file system of this type is called, if names in it can't be told apart as text. */
export function manyNames(type: bigint): string | undefined {
  // Some architectures sign it.
  return MANY_NAMES.get(BigInt.asUintN(32, type));
}

/** Why names in a folder can't be told apart as text; undefined if they can. `names` are those in it. */
export async function ambiguousNames(folder: string, names: readonly string[]): Promise<string | undefined> {
  const kind = manyNames((await statfs(folder, { bigint: true })).type);
  if (kind !== undefined) {
    return `it is on a file system (${kind}) that may know one file by several names`;
  }
  const there = new Set(names);
  const others = names.map(otherCase).filter((name) => !there.has(name));
  for (const name of others.slice(0, TRIED_MAX)) {
    try {
      await lstat(join(folder, name));
      return 'its file system does not tell upper from lower case';
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') {
        throw error;
      }
    }
  }
  return undefined;
}

function otherCase(name: string): string {
  const lower = name.toLowerCase();
  return lower === name ? name.toUpperCase() : lower;
}
