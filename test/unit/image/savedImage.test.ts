import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { slowZstd } from '../../../src/image/decompress';
import { type ReadSavedImageOptions, readSavedImage } from '../../../src/image/savedImage';

const sha256 = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');
const v1 = (n: number) => sha256(`v1 ${n}`);

interface Piece {
  name: string;
  type?: 'file' | 'symlink';
  linkname?: string;
  content?: Buffer | string;
}

async function tarOf(pieces: Piece[]): Promise<Buffer> {
  const archive = pack();
  for (const { content = '', ...header } of pieces) {
    if ((header.type ?? 'file') === 'file') {
      archive.entry(header, content);
    } else {
      archive.entry(header);
    }
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** Reads a save and tells what was taken in: diff_id → bytes, `empty` for a layer without entries. */
async function read(save: Buffer | Readable, options: Omit<ReadSavedImageOptions, 'newBlob'>) {
  const accepted = new Map<string, Buffer | 'empty'>();
  let opened = 0;
  let dropped = 0;
  const stream = save instanceof Readable ? save : Readable.from(slices(save));
  const missing = await readSavedImage(stream, {
    ...options,
    newBlob: () => {
      opened++;
      const chunks: Uint8Array[] = [];
      return {
        write: async (chunk) => {
          chunks.push(Buffer.from(chunk));
        },
        accept: async (diffId, empty) => {
          accepted.set(diffId, empty ? 'empty' : Buffer.concat(chunks));
        },
        drop: async () => {
          dropped++;
        },
      };
    },
  });
  return { accepted, missing, opened, dropped };
}

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1000) {
    yield bytes.subarray(at, at + 1000);
  }
}

const layers = await Promise.all(['one', 'two'].map((name) => tarOf([{ name, content: name.repeat(5000) }])));
const [one, two] = layers as [Buffer, Buffer];
const ids = layers.map((layer) => `sha256:${sha256(layer)}`) as [string, string];

describe('finds the layers of', () => {
  test('the legacy layout, with a forward symlink for a repeated layer', async () => {
    const save = await tarOf([
      { name: `${v1(1)}/VERSION`, content: '1.0' },
      { name: `${v1(1)}/layer.tar`, type: 'symlink', linkname: `../${v1(2)}/layer.tar` },
      { name: `${v1(2)}/layer.tar`, content: one },
      { name: `${v1(3)}/layer.tar`, content: two },
      { name: 'manifest.json', content: '[]' },
    ]);
    const { accepted, missing, opened } = await read(save, { wanted: ids });
    expect([...accepted.entries()]).toEqual([
      [ids[0], one],
      [ids[1], two],
    ]);
    expect(missing.size).toBe(0);
    expect(opened).toBe(2);
  });

  test.each([
    ['plain', (bytes: Buffer) => bytes],
    ['gzip', (bytes: Buffer) => gzipSync(bytes)],
    ['zstd', (bytes: Buffer) => zstdCompressSync(bytes)],
  ])('an OCI layout with %s blobs, configs and attestations among them', async (_, compress) => {
    const blobs = [...layers.map(compress), Buffer.from('{"config":{}}'), Buffer.from('{"_type":"in-toto"}')];
    const save = await tarOf([
      ...blobs.map((content) => ({ name: `blobs/sha256/${sha256(content)}`, content })),
      { name: 'index.json', content: '{}' },
      { name: 'oci-layout', content: '{}' },
    ]);
    const { accepted, missing } = await read(save, { wanted: ids });
    expect(missing.size).toBe(0);
    expect(accepted.get(ids[0])).toEqual(one);
    expect(accepted.get(ids[1])).toEqual(two);
  });
});

test('zstd without native code says the same', async () => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of slowZstd(Readable.from(slices(zstdCompressSync(one))))) {
    chunks.push(chunk);
  }
  expect(Buffer.concat(chunks)).toEqual(one);
});

test('a layer without entries is told as empty', async () => {
  const zeros = Buffer.alloc(1024);
  const id = `sha256:${sha256(zeros)}`;
  const save = await tarOf([{ name: `${v1(1)}/layer.tar`, content: zeros }]);
  const { accepted } = await read(save, { wanted: [id] });
  expect(accepted.get(id)).toBe('empty');
});

test('known layers are not read: by name, or by size where names say nothing', async () => {
  const big = await tarOf([{ name: 'big', content: Buffer.alloc(2 ** 20, 'x') }]);
  const known = new Map([[`sha256:${sha256(big)}`, big.length]]);
  for (const name of [`blobs/sha256/${sha256(big)}`, `${v1(1)}/layer.tar`]) {
    const save = await tarOf([
      { name, content: big },
      { name: `${v1(2)}/layer.tar`, content: one },
    ]);
    const { opened, missing } = await read(save, { wanted: [ids[0]], known });
    expect(opened).toBe(1);
    expect(missing.size).toBe(0);
  }
});

describe('a save that can not be trusted', () => {
  test('a layer with a changed byte is not taken', async () => {
    const changed = Buffer.from(one);
    changed.writeUInt8(changed.readUInt8(600) ^ 1, 600);
    const save = await tarOf([{ name: `blobs/sha256/${ids[0].slice(7)}`, content: changed }]);
    const { accepted, missing, dropped } = await read(save, { wanted: [ids[0]] });
    expect(accepted.size).toBe(0);
    expect(dropped).toBe(1);
    expect([...missing]).toEqual([ids[0]]);
  });

  test('a decompression bomb ends at the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 2 ** 20));
    const save = await tarOf([{ name: `blobs/sha256/${sha256(bomb)}`, content: bomb }]);
    const limits = { entries: 10, bytes: 2 ** 20 };
    await expect(read(save, { wanted: ids, limits })).rejects.toThrow(/larger than its limit/);
  });

  test('a zstd frame that asks for a window of gigabytes is refused', async () => {
    // Magic, a descriptor without single segment, window descriptor for 2^41 bytes.
    const frame = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8]), Buffer.alloc(64)]);
    const save = await tarOf([{ name: `blobs/sha256/${sha256(frame)}`, content: frame }]);
    await expect(read(save, { wanted: ids })).rejects.toThrow(/window/);
  });

  test('more entries than the limit', async () => {
    const save = await tarOf(Array.from({ length: 20 }, (_, n) => ({ name: `${n}` })));
    await expect(read(save, { wanted: ids, limits: { entries: 10, bytes: 1e9 } })).rejects.toThrow(
      /too many/,
    );
  });

  test('one that is cut off', async () => {
    const save = await tarOf([{ name: `${v1(1)}/layer.tar`, content: one }]);
    await expect(read(save.subarray(0, 3000), { wanted: [ids[0]] })).rejects.toThrow(/can't be read/);
  });

  test('one whose stream breaks', async () => {
    const save = await tarOf([{ name: `${v1(1)}/layer.tar`, content: one }]);
    const broken = Readable.from(
      (async function* () {
        yield save.subarray(0, 3000);
        throw new Error('no space left on device');
      })(),
    );
    await expect(read(broken, { wanted: [ids[0]] })).rejects.toThrow(/no space left/);
  });

  test('names that only look like layers', async () => {
    const save = await tarOf([
      { name: `../${v1(1)}/layer.tar`, content: one },
      { name: `blobs/sha256/../../${ids[0].slice(7)}`, content: one },
      { name: 'layer.tar', content: one },
    ]);
    const { opened, missing } = await read(save, { wanted: [ids[0]] });
    expect(opened).toBe(0);
    expect(missing.size).toBe(1);
  });
});

test('cancelling ends it', async () => {
  const controller = new AbortController();
  const stuck = new Readable({ read: () => undefined });
  stuck.push((await tarOf([{ name: `${v1(1)}/layer.tar`, content: one }])).subarray(0, 2000));
  const reading = read(stuck, { wanted: ids, signal: controller.signal });
  setTimeout(() => controller.abort(), 10);
  await expect(reading).rejects.toMatchObject({ kind: 'cancelled' });
});
