import type { Readable } from 'node:stream';
import { BulkheadError } from '../../core/errors';
import type { WaitOptions } from '../../machine/hypervisor';
import type { Guest } from '../guest';
import { checkGuestPath } from '../guestPath';
import { runTree, TREE_TOOL } from './runTree';

/**
 * Reads regular files of the guest, one after the other, in one process there. Each is given to `onFile` in the order asked:
 * its bytes, or undefined if it is no regular file (any more), larger than `maxBytes`, or can't be read. No link is followed at
 * the end of a path.
 */
export async function readGuestFiles(
  guest: Guest,
  folder: string,
  paths: readonly string[],
  options: WaitOptions & { maxBytes: number },
  onFile: (path: string, bytes: Buffer | undefined) => Promise<void>,
): Promise<void> {
  if (paths.length === 0) {
    return;
  }
  const input = Buffer.from(paths.map((path) => `${path}\0`).join(''));
  const argv = ['read', checkGuestPath(folder), String(options.maxBytes)] as ['read', string, string];
  await runTree(guest, argv, { ...options, input }, async (output) => {
    const source = new FramedSource(output);
    for (const path of paths) {
      await onFile(path, await source.next(options.maxBytes));
    }
    await source.end();
  });
}

/** `<size>` NUL bytes, or `-` NUL. */
class FramedSource {
  private readonly chunks: AsyncIterator<Buffer>;
  private rest: Buffer = Buffer.alloc(0);

  constructor(output: Readable) {
    this.chunks = (output as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  async next(maxBytes: number): Promise<Buffer | undefined> {
    let end = this.rest.indexOf(0);
    while (end < 0) {
      if (this.rest.length > 20 || !(await this.more())) {
        throw malformed();
      }
      end = this.rest.indexOf(0);
    }
    const head = this.rest.toString('latin1', 0, end);
    this.rest = this.rest.subarray(end + 1);
    if (head === '-') {
      return undefined;
    }
    const size = /^\d{1,15}$/.test(head) ? Number(head) : Number.POSITIVE_INFINITY;
    if (size > maxBytes) {
      throw malformed();
    }
    return this.take(size);
  }

  async end(): Promise<void> {
    if (this.rest.length > 0 || (await this.more())) {
      throw malformed();
    }
  }

  private async take(size: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let missing = size;
    for (;;) {
      const part = this.rest.subarray(0, missing);
      parts.push(part);
      missing -= part.length;
      this.rest = this.rest.subarray(part.length);
      if (missing === 0) {
        return Buffer.concat(parts);
      }
      if (!(await this.more())) {
        throw malformed();
      }
    }
  }

  private async more(): Promise<boolean> {
    const { value, done } = await this.chunks.next();
    if (done) {
      return false;
    }
    this.rest = this.rest.length > 0 ? Buffer.concat([this.rest, value]) : value;
    return true;
  }
}

function malformed(): BulkheadError {
  return new BulkheadError(`${TREE_TOOL} sent files in a form that is not its own`);
}
