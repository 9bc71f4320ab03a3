import { describe, expect, test } from 'vitest';
import { readErofsDevices } from '../../../src/disk/erofsDevices';
import { vmdkDescriptor } from '../../../src/disk/vmdk';

/** A merged tree's head: superblock at 1024, table at slot 9 (byte 1152). */
function head(
  devices: { blocks: number; start: number }[],
  more: { bits?: number; count?: number } = {},
): Buffer {
  const bytes = Buffer.alloc(1152 + 128 * devices.length + 256);
  bytes.writeUInt32LE(0xe0f5e1e2, 1024);
  bytes.writeUInt8(more.bits ?? 9, 1024 + 12);
  bytes.writeUInt16LE(more.count ?? devices.length, 1024 + 86);
  bytes.writeUInt16LE(9, 1024 + 88);
  for (const [i, { blocks, start }] of devices.entries()) {
    bytes.writeUInt32LE(blocks, 1152 + 128 * i + 64);
    bytes.writeUInt32LE(start, 1152 + 128 * i + 68);
  }
  return bytes;
}

describe('the device table of a merged tree', () => {
  test('gives the tree and its tars their lengths', () => {
    const bytes = head([
      { blocks: 7, start: 4 },
      { blocks: 5, start: 11 },
    ]);
    expect(readErofsDevices(bytes, 2048)).toEqual({ blockBytes: 512, treeBlocks: 4, deviceBlocks: [7, 5] });
  });

  test('may be empty', () => {
    expect(readErofsDevices(head([], { bits: 12 }), 4096)).toEqual({
      blockBytes: 4096,
      treeBlocks: 1,
      deviceBlocks: [],
    });
  });

  test.each([
    ['no superblock', Buffer.alloc(4096), 2048],
    ['a head cut short', head([]).subarray(0, 1100), 2048],
    [
      'a gap between devices',
      head([
        { blocks: 7, start: 4 },
        { blocks: 5, start: 12 },
      ]),
      2048,
    ],
    [
      'an overlap',
      head([
        { blocks: 7, start: 4 },
        { blocks: 5, start: 10 },
      ]),
      2048,
    ],
    ['a device without blocks', head([{ blocks: 0, start: 4 }]), 2048],
    ['a table outside of the head', head([{ blocks: 7, start: 4 }], { count: 60_000 }), 2048],
    ['odd blocks', head([{ blocks: 7, start: 4 }], { bits: 40 }), 2048],
    ['a tree of another length', head([{ blocks: 7, start: 4 }]), 4096],
  ])('is refused with %s', (_, bytes, size) => {
    expect(() => readErofsDevices(bytes, size)).toThrow(/merged tree/);
  });
});

describe('a VMDK descriptor', () => {
  test('names each extent with its length in sectors', () => {
    const text = vmdkDescriptor([
      { path: '/layers/disks/ab/merged.erofs', bytes: 2048 },
      { path: '/layers/cd.tar', bytes: 3584 },
    ]);
    expect(text.split('\n').filter((line) => line.startsWith('RW '))).toEqual([
      'RW 4 FLAT "/layers/disks/ab/merged.erofs" 0',
      'RW 7 FLAT "/layers/cd.tar" 0',
    ]);
    expect(text.startsWith('# Disk DescriptorFile\nversion=1\n')).toBe(true);
  });

  test.each([
    { path: '/layers/a"b', bytes: 512 },
    { path: '/layers/a\nRW 1 FLAT "/etc/shadow" 0', bytes: 512 },
    { path: 'relative', bytes: 512 },
    { path: '/layers/a', bytes: 100 },
    { path: '/layers/a', bytes: 0 },
  ])('refuses $path with $bytes bytes', (extent) => {
    expect(() => vmdkDescriptor([extent])).toThrow(/Not a VMDK extent/);
  });
});
