import type { Readable } from 'node:stream';

/** A packet that is shorter is a crumb, if the reader is behind by more than `BEHIND` bytes. */
const CRUMB = 512;
const BEHIND = 16 * 1024;
const PIECE = 16 * 1024;

/**
 * Joins the short packets of a stream that is not being read. Each Buffer costs some 200 bytes beside its content, so that a guest
 * could make one SSH window (2 MiB) of single bytes take 400 MiB. For a stream that is read by `data`, `for await` or `read()`.
 */
export function packCrumbs(stream: Readable): void {
  const push = stream.push.bind(stream);
  const read = stream.read.bind(stream) as (size?: number) => unknown;
  let piece: Buffer | undefined;
  let length = 0;
  const flush = () => {
    if (piece) {
      const whole = piece.subarray(0, length);
      piece = undefined;
      length = 0;
      push(whole);
    }
  };
  stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
    if (Buffer.isBuffer(chunk) && chunk.length < CRUMB && stream.readableLength > BEHIND) {
      if (length + chunk.length > PIECE) {
        flush();
      }
      piece ??= Buffer.allocUnsafeSlow(PIECE);
      length += chunk.copy(piece, length);
      return stream.readableLength + length < stream.readableHighWaterMark;
    }
    flush();
    return push(chunk, encoding);
  };
  stream.read = (size?: number) => {
    // `read(0)` only asks the source for more.
    if (size !== 0) {
      flush();
    }
    return read(size);
  };
}
