import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ambiguousNames, manyNames } from '../../../../src/machine/kvm/fileNames';

describe('manyNames', () => {
  it.each([
    [0x4d44n, 'FAT'],
    [0x65735546n, 'FUSE'],
    [0xff534d42n, 'SMB'],
    [-0xacb2ben, 'SMB'],
  ])('%s is a file system with several names for a file', (type, kind) => {
    expect(manyNames(type)).toBe(kind);
  });

  it.each([
    ['ext4', 0xef53n],
    ['XFS', 0x58465342n],
    ['Btrfs', 0x9123683en],
    ['tmpfs', 0x01021994n],
    ['overlayfs', 0x794c7630n],
    ['NFS', 0x6969n],
  ])('%s is not', (_kind, type) => {
    expect(manyNames(type)).toBeUndefined();
  });
});

describe('ambiguousNames', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bulkhead-names-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('finds none where case counts, also with both cases there', async () => {
    const names = ['readme', 'README', 'Makefile', 'ünïcode', '1', '.git'];
    await Promise.all(names.map((name) => writeFile(join(folder, name), '')));
    expect(await ambiguousNames(folder, names)).toBeUndefined();
  });

  it('finds a file that answers to another case', async () => {
    await writeFile(join(folder, 'readme'), '');
    // What a file system that folds case does of its own.
    await symlink('readme', join(folder, 'README'));
    expect(await ambiguousNames(folder, ['readme'])).toMatch(/upper from lower/);
  });
});
