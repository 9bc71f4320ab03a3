import { FileError } from './fileError';
import type { SftpSession } from './sftpSession';

/** What OpenSSH's sftp-server takes in one request: 256 KiB less 1 KiB (its `limits@openssh.com` answer). */
const CHUNK = 255 * 1024;
/** Requests under way at a time: hides the round trip, bounds the memory (4 MiB). */
const PIPELINE = 16;

/** Answers that may make up one chunk: files in /proc come by lines or pages, none by bytes. */
const ANSWERS_MAX = 1024;

/**
 * The file's bytes in order, by pipelined reads, until the guest says it ends. `sizeHint` (what `stat` said)
 * only saves the last round trip: a file that is longer or shorter is read as it is.
 */
export async function* readHandle(
  session: SftpSession,
  handle: Buffer,
  path: string,
  options: { sizeHint?: number; signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Buffer> {
  const under: Promise<Buffer>[] = [];
  let next = 0;
  let total = 0;
  let width = 1;
  for (;;) {
    while (under.length < width) {
      const chunk = readChunk(session, handle, path, next, options);
      // Awaited in order below; a reader that stops early leaves the rest unheard.
      chunk.catch(() => undefined);
      under.push(chunk);
      next += CHUNK;
    }
    const chunk = (await under.shift()) ?? Buffer.alloc(0);
    total += chunk.length;
    if (chunk.length > 0) {
      yield chunk;
    }
    if (chunk.length < CHUNK || total === options.sizeHint) {
      return;
    }
    width = Math.min(width * 2, PIPELINE);
  }
}

/** Reads until the chunk is full or the file ends; an answer may be shorter than what was asked for. */
async function readChunk(
  session: SftpSession,
  handle: Buffer,
  path: string,
  position: number,
  options: { sizeHint?: number; signal?: AbortSignal | undefined },
): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(CHUNK);
  let filled = 0;
  for (let answers = 0; filled < CHUNK; answers++) {
    if (answers > ANSWERS_MAX) {
      throw new FileError('EIO', 'read', path, 'the VM’s file server sends it bit by bit');
    }
    const wanted = CHUNK - filled;
    const read = await session.request({
      what: 'read',
      path,
      signal: options.signal,
      start: (sftp, callback) => sftp.read(handle, buffer, filled, wanted, position + filled, callback),
      check: (count) =>
        typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= wanted
          ? count
          : undefined,
    });
    filled += read;
    if (read === 0 || position + filled === options.sizeHint) {
      break;
    }
  }
  return buffer.subarray(0, filled);
}

/** Writes at a moving position with several requests under way. */
export class HandleWriter {
  private position = 0;
  private readonly under = new Set<Promise<void>>();
  private failure: unknown;

  constructor(
    private readonly session: SftpSession,
    private readonly handle: Buffer,
    private readonly path: string,
    private readonly signal?: AbortSignal,
  ) {}

  /** Resolves once there is room for more. Throws the first failure of an earlier write. */
  async write(bytes: Uint8Array): Promise<void> {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < buffer.length; at += CHUNK) {
      while (this.under.size >= PIPELINE) {
        await Promise.race(this.under);
      }
      this.throwFailure();
      const chunk = buffer.subarray(at, at + CHUNK);
      const position = this.position;
      this.position += chunk.length;
      const written = this.session
        .done(
          'write',
          this.path,
          (sftp, callback) =>
            sftp.write(this.handle, chunk, 0, chunk.length, position, (error) => callback(error)),
          this.signal,
        )
        .catch((error: unknown) => {
          this.failure ??= error;
        })
        .finally(() => this.under.delete(written));
      this.under.add(written);
    }
  }

  /** Resolves once everything has been written. */
  async finish(): Promise<void> {
    await Promise.all(this.under);
    this.throwFailure();
  }

  private throwFailure(): void {
    if (this.failure !== undefined) {
      throw this.failure;
    }
  }
}
