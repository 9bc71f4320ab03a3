import { once } from 'node:events';
import { Readable, type Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { BulkheadError } from '../core/errors';

export type Chunks = AsyncIterable<Uint8Array>;

/** Where a zstd frame asks for more memory than this, it is refused: Docker and containerd write 8 MiB at most. */
const MAX_ZSTD_WINDOW = 128 * 2 ** 20;

/** The bytes of `source`, decompressed if they start like gzip (RFC 1952) or zstd (RFC 8878). Bounding them is the caller's. */
export async function* decompressed(source: Chunks): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  let ended = false;
  while (head.length < 18 && !ended) {
    const next = await chunks.next();
    ended = next.done === true;
    if (next.done !== true) {
      head = Buffer.concat([head, next.value]);
    }
  }
  const whole = (async function* () {
    if (head.length > 0) {
      yield head as Uint8Array;
    }
    while (!ended) {
      const next = await chunks.next();
      if (next.done === true) {
        return;
      }
      yield next.value;
    }
  })();
  if (head.length >= 2 && head.readUInt16BE(0) === 0x1f8b) {
    yield* through(zlib.createGunzip(), whole);
  } else if (head.length >= 6 && head.readUInt32LE(0) === 0xfd2fb528) {
    checkZstdWindow(head);
    yield* zstd(whole);
  } else {
    yield* whole;
  }
}

async function* through(transform: Transform, source: Chunks): AsyncGenerator<Uint8Array> {
  const input = Readable.from(source, { objectMode: false });
  input.on('error', (error) => transform.destroy(error));
  input.pipe(transform);
  try {
    for await (const chunk of transform) {
      yield chunk as Uint8Array;
    }
  } finally {
    input.destroy();
    transform.destroy();
    if (!transform.closed) {
      await once(transform, 'close');
    }
  }
}

/** Node has zstd since 22.15; the editor's own Node may be older. */
function zstd(source: Chunks): AsyncGenerator<Uint8Array> {
  const native = (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress;
  return native ? through(native(), source) : slowZstd(source);
}

/** zstd without native code. */
export async function* slowZstd(source: Chunks): AsyncGenerator<Uint8Array> {
  let out: Uint8Array[] = [];
  const stream = new Decompress((chunk) => out.push(chunk));
  for await (const chunk of source) {
    // In small steps, so that a bomb's output can be bounded by the reader.
    for (let at = 0; at < chunk.length; at += 4096) {
      stream.push(chunk.subarray(at, at + 4096), false);
      yield* out;
      out = [];
    }
  }
  stream.push(new Uint8Array(0), true);
  yield* out;
}

/** RFC 8878, 3.1.1.1: descriptor byte +4; without its single-segment flag, window descriptor at +5. */
function checkZstdWindow(head: Buffer): void {
  const descriptor = head.readUInt8(4);
  const single = (descriptor & 0x20) !== 0;
  let window: number;
  if (single) {
    const at = 5 + ([0, 1, 2, 4][descriptor & 3] ?? 0);
    const width = [1, 2, 4, 8][descriptor >> 6] ?? 8;
    const bytes = head.subarray(at, at + width);
    window = bytes.length < width ? 0 : Number(BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`));
  } else {
    const code = head.readUInt8(5);
    const base = 2 ** (10 + (code >> 3));
    window = base + (base / 8) * (code & 7);
  }
  if (window > MAX_ZSTD_WINDOW) {
    throw new BulkheadError(`A layer's zstd frame asks for a window of ${window} bytes`);
  }
}
