import { BulkheadError } from '../core/errors';

/** What the merged tree's superblock says about the devices (layer tars) behind it, in blocks of 512 bytes. */
export interface ErofsDevices {
  /** Bytes in a block. */
  blockBytes: number;
  /** Blocks of the tree itself, up to where the first device starts. */
  treeBlocks: number;
  /** Length of each device, in the order in which the layers were merged. */
  deviceBlocks: number[];
}

const SUPERBLOCK = 1024;
const MAGIC = 0xe0f5e1e2;
const SLOT_BYTES = 128;
const BLOCK_BITS = 9;

/**
 * Reads the device table of a merged EROFS (`struct erofs_super_block`, `struct erofs_deviceslot`; Linux
 * fs/erofs/erofs_fs.h): magic u32 +0, blkszbits u8 +12, extra_devices u16 +86, devt_slotoff u16 +88; a slot is
 * tag[64], blocks u32, mapped_blkaddr u32. Devices must follow the tree without a gap, as mkfs.erofs lays them out.
 *
 * @param head the file's first bytes, as far as the table reaches
 * @param fileBytes the file's whole size
 */
export function readErofsDevices(head: Uint8Array, fileBytes: number): ErofsDevices {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.byteLength < SUPERBLOCK + SLOT_BYTES || view.getUint32(SUPERBLOCK, true) !== MAGIC) {
    throw damaged('it has no EROFS superblock');
  }
  const blockBits = view.getUint8(SUPERBLOCK + 12);
  const count = view.getUint16(SUPERBLOCK + 86, true);
  if (blockBits < BLOCK_BITS || blockBits > 16) {
    throw damaged(`its blocks have 2^${blockBits} bytes`);
  }
  const blockBytes = 2 ** blockBits;
  if (count === 0) {
    return { blockBytes, treeBlocks: Math.ceil(fileBytes / blockBytes), deviceBlocks: [] };
  }
  const table = view.getUint16(SUPERBLOCK + 88, true) * SLOT_BYTES;
  if (table + count * SLOT_BYTES > head.byteLength) {
    throw damaged(`its table of ${count} devices lies outside of it`);
  }
  const deviceBlocks: number[] = [];
  let treeBlocks = 0;
  let next = 0;
  for (let slot = 0; slot < count; slot++) {
    const offset = table + slot * SLOT_BYTES;
    const blocks = view.getUint32(offset + 64, true);
    const start = view.getUint32(offset + 68, true);
    if (slot === 0) {
      treeBlocks = start;
      next = start;
    }
    if (start !== next || blocks === 0) {
      throw damaged(`device ${slot} starts at block ${start}, not ${next}`);
    }
    deviceBlocks.push(blocks);
    next = start + blocks;
  }
  if (treeBlocks * blockBytes !== fileBytes) {
    throw damaged(`it has ${fileBytes} bytes, and its first device starts at block ${treeBlocks}`);
  }
  return { blockBytes, treeBlocks, deviceBlocks };
}

function damaged(why: string): BulkheadError {
  return new BulkheadError(`The merged tree of the layers can't be read: ${why}`, {
    next: 'Please report this together with the image; `bulkhead up --rebuild` may help meanwhile.',
  });
}
