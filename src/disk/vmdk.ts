/** A run of a file that becomes part of a disk. */
export interface Extent {
  /** Absolute path; neither quotes nor line breaks. */
  path: string;
  bytes: number;
}

const SECTOR_BYTES = 512;

/**
 * A VMDK descriptor that joins flat files into one read-only disk (VMware "Virtual Disk Format 5.0", text descriptor,
 * `twoGbMaxExtentFlat`; read by QEMU's vmdk driver). Each extent is exactly as long as it says, whatever the
 * file's length is.
 */
export function vmdkDescriptor(extents: Extent[]): string {
  const lines = extents.map(({ path, bytes }) => {
    if (!/^\/[\w./-]+$/.test(path) || bytes <= 0 || bytes % SECTOR_BYTES !== 0) {
      throw new Error(`Not a VMDK extent: ${JSON.stringify(path)}, ${bytes} bytes`);
    }
    return `RW ${bytes / SECTOR_BYTES} FLAT "${path}" 0`;
  });
  return [
    '# Disk DescriptorFile',
    'version=1',
    'CID=fffffffe',
    'parentCID=ffffffff',
    'createType="twoGbMaxExtentFlat"',
    '',
    '# Extent description',
    ...lines,
    '',
    '# The Disk Data Base',
    '#DDB',
    '',
    'ddb.virtualHWVersion = "4"',
    'ddb.adapterType = "ide"',
    '',
  ].join('\n');
}
