import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { expect } from 'vitest';
import { BulkheadError } from '../../../src/core/errors';
import { readSavedImage } from '../../../src/image/savedImage';
import { bytesOf, layerTar } from '../../integration/fixtures/imageArchive';
import { attack } from '../attack';

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const layer = await layerTar([{ name: 'etc/hostname', content: 'wanted' }]);
const WANTED = `sha256:${digest(layer)}`;

interface Entry {
  name: string;
  content?: Buffer | string;
  type?: 'file' | 'symlink' | 'link' | 'fifo' | 'character-device';
  linkname?: string;
}

async function save(entries: Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...header } of entries) {
    if ((header.type ?? 'file') === 'file') {
      archive.entry(header, content ?? '');
    } else {
      archive.entry(header);
    }
  }
  archive.finalize();
  return bytesOf(archive as unknown as Readable);
}

/** What a reader took in of a save: the digests of what it was given as wanted layers, and how much was written for nothing. */
async function read(bytes: Buffer, limits = { entries: 1_000, bytes: 64 * 2 ** 20 }) {
  const accepted: string[] = [];
  let written = 0;
  let refused: string | undefined;
  try {
    await readSavedImage(Readable.from([bytes]), {
      wanted: [WANTED],
      limits,
      newBlob: () => {
        const hash = createHash('sha256');
        return {
          write: async (chunk) => {
            written += chunk.length;
            hash.update(chunk);
          },
          accept: async () => void accepted.push(`sha256:${hash.digest('hex')}`),
          drop: async () => undefined,
        };
      },
    });
  } catch (error) {
    if (!(error instanceof BulkheadError)) {
      throw error;
    }
    refused = error.message;
  }
  return { accepted, written, refused };
}

const v1 = (n: number) => digest(Buffer.from(`v1 ${n}`));

attack(
  {
    id: 'image-forged-digests',
    from: 'image',
    tries:
      'A saved image whose blobs are named by digests that they don’t have, whose manifest points out of it, and that has a wanted layer twice, once forged.',
    holds:
      'Names and manifests are not believed: a layer is what hashes to the digest that the Engine asked for, once.',
    promise: 'nothing-unpacked',
  },
  async () => {
    const forged = await layerTar([{ name: 'etc/passwd', content: 'root::0:0::/:/bin/sh\n' }]);
    const evil = await save([
      { name: `blobs/sha256/${digest(layer)}`, content: forged },
      { name: `${v1(1)}/layer.tar`, content: forged },
      { name: '../../../etc/cron.d/x', content: 'x' },
      { name: '/etc/cron.d/x', content: 'x' },
      { name: `${v1(2)}/layer.tar`, type: 'symlink', linkname: '/etc/shadow' },
      { name: `${v1(3)}/layer.tar`, type: 'symlink', linkname: `../${v1(3)}/layer.tar` },
      { name: `${v1(4)}/layer.tar`, type: 'link', linkname: '/etc/shadow' },
      { name: `${v1(5)}/layer.tar`, type: 'fifo' },
      { name: `${v1(6)}/layer.tar`, type: 'character-device' },
      { name: 'manifest.json', content: '[{"Config":"/etc/shadow","Layers":["../../x","/dev/zero"]}]' },
      { name: 'manifest.json', content: '{' },
    ]);
    expect((await read(evil)).accepted).toEqual([]);
    const twice = await save([
      { name: `${v1(1)}/layer.tar`, content: forged },
      { name: `${v1(2)}/layer.tar`, content: layer },
      { name: `${v1(3)}/layer.tar`, content: layer },
    ]);
    expect((await read(twice)).accepted).toEqual([WANTED]);
    return 'nothing forged was taken in; the true layer once';
  },
);

attack(
  {
    id: 'image-bombs',
    from: 'image',
    tries:
      'gzip and zstd bombs, a bomb in a bomb, a zstd frame that asks for 2 GiB of window, and a million entries.',
    holds:
      'Reading ends at the limit of bytes or entries with a reason; what was unpacked until then is dropped.',
    promise: 'bounded-use',
  },
  async () => {
    const zeros = Buffer.alloc(200 * 2 ** 20);
    const limits = { entries: 1_000, bytes: 16 * 2 ** 20 };
    const name = `blobs/sha256/${'0'.repeat(64)}`;
    const said: string[] = [];
    for (const bomb of [gzipSync(zeros), zstdCompressSync(zeros)]) {
      const { refused, written, accepted } = await read(await save([{ name, content: bomb }]), limits);
      expect(refused).toMatch(/larger than its limit/);
      expect(written).toBeLessThanOrEqual(limits.bytes);
      expect(accepted).toEqual([]);
      said.push(`${bomb.length} bytes stopped at ${written}`);
    }
    const inner = await read(await save([{ name, content: gzipSync(gzipSync(zeros)) }]), limits);
    expect(inner.written).toBeLessThan(2 ** 20);
    const window = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8]), Buffer.alloc(64)]);
    expect((await read(await save([{ name, content: window }]), limits)).refused).toMatch(/window/);
    const many = await save(
      Array.from({ length: 5_000 }, (_, n) => ({ name: `blobs/sha256/${digest(Buffer.from(`${n}`))}` })),
    );
    expect((await read(many, limits)).refused).toMatch(/too many/);
    return said.join(', ');
  },
);

/** A ustar header with its checksum; `size` may be any 12 bytes. */
function header(name: string, size: Buffer | string, type = '0'): Buffer {
  const block = Buffer.alloc(512);
  block.write(name.slice(0, 100), 0, 'latin1');
  block.write('0000644\0', 100);
  Buffer.from(size as string).copy(block, 124, 0, 12);
  block.write('00000000000\0', 136);
  block.write('        ', 148);
  block.write(type, 156);
  block.write('ustar\u000000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

attack(
  {
    id: 'image-odd-tars',
    from: 'image',
    tries:
      'Saves that are cut short, claim sizes of 2^63 and below zero, carry PAX and GNU records that are huge, negative, endless or contradict the header, sparse entries, and noise.',
    holds: 'Each ends, refused or with nothing taken in; memory stays small.',
    promise: 'nothing-unpacked',
  },
  async () => {
    const name = `${v1(1)}/layer.tar`;
    const whole = await save([{ name, content: layer }]);
    const pax = (record: string) => {
      const bytes = Buffer.from(record);
      const padded = Buffer.alloc(Math.ceil(bytes.length / 512) * 512);
      bytes.copy(padded);
      return Buffer.concat([
        header('pax', `${bytes.length.toString(8).padStart(11, '0')}\0`, 'x'),
        padded,
        header(name, '00000000001\0'),
        Buffer.alloc(512, 'a'),
      ]);
    };
    const huge = Buffer.from([0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    const negative = Buffer.alloc(12, 0xff);
    const tries: Record<string, Buffer> = {
      'cut in a header': whole.subarray(0, 300),
      'cut in a layer': whole.subarray(0, 1200),
      'size of 2^63': Buffer.concat([header(name, huge), Buffer.alloc(4096)]),
      'size below zero': Buffer.concat([header(name, negative), Buffer.alloc(4096)]),
      'size of spaces': Buffer.concat([header(name, '            '), Buffer.alloc(1024)]),
      'PAX record of length 0': pax('0 path=x\n0 path=y\n'),
      'PAX record beyond its end': pax('99999999 path=x\n'),
      'PAX size that contradicts': pax('20 size=99999999999\n'),
      'PAX without a number': pax('path=x\n'.repeat(1000)),
      'GNU name of 2 GiB': Buffer.concat([
        header('././@LongLink', '20000000000\0', 'L'),
        Buffer.alloc(4096, 'n'),
      ]),
      'GNU name without an end': Buffer.concat([
        header('././@LongLink', '00000001000\0', 'L'),
        Buffer.alloc(512, 'n'),
        header(name, '00000000000\0'),
      ]),
      'GNU sparse': Buffer.concat([header(name, '00000001000\0', 'S'), Buffer.alloc(1024)]),
      'unknown type': Buffer.concat([header(name, '00000001000\0', 'Z'), Buffer.alloc(1024)]),
      noise: Buffer.from(Array.from({ length: 8192 }, (_, n) => (n * 7919) % 256)),
      zeros: Buffer.alloc(10_240),
      nothing: Buffer.alloc(0),
    };
    const before = process.memoryUsage().rss;
    let refusals = 0;
    for (const [what, bytes] of Object.entries(tries)) {
      const { accepted, refused } = await read(bytes).catch((error: Error) =>
        Promise.reject(new Error(`${what}: ${error.message}`)),
      );
      expect(accepted, what).toEqual([]);
      refusals += refused === undefined ? 0 : 1;
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
    return `${Object.keys(tries).length} tries, ${refusals} refused, none taken in`;
  },
);
