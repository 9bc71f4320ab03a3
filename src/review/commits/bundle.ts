import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { BulkheadError } from '../../core/errors';
import { isSafeBranch, type Ref } from './refNames';

const HEAD_MAX = 1024 * 1024;
const REFS_MAX = 500;
const SIGNATURE = '# v2 git bundle';

export interface BundleHead {
  /** Branches with a name that is fit for a ref here. */
  refs: Ref[];
  /** Branches whose names are not. */
  droppedRefs: number;
}

/**
 * Reads a bundle (gitformat-bundle(5), version 2): its head is parsed here, and the pack behind it goes to `pack` as it comes.
 * @throws BulkheadError if it is no bundle, or larger than `maxBytes`
 */
export async function splitBundle(
  source: Readable,
  maxBytes: number,
  onHead: (head: BundleHead) => Writable,
): Promise<void> {
  let head: Buffer = Buffer.alloc(0);
  let pack: Writable | undefined;
  let bytes = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new BulkheadError(`The VM’s commits are larger than ${Math.round(maxBytes / 1024 / 1024)} MB`, {
        next: 'Push them from the VM to a server instead.',
      });
    }
    if (pack) {
      await write(pack, chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\n\n');
    if (end >= 0 && end < HEAD_MAX) {
      pack = onHead(parseHead(head.toString('utf8', 0, end)));
      await write(pack, head.subarray(end + 2));
    } else if (head.length > HEAD_MAX) {
      throw malformed();
    }
  }
  if (!pack) {
    throw malformed();
  }
  pack.end();
}

export function parseHead(text: string): BundleHead {
  const [signature, ...lines] = text.split('\n');
  if (signature !== SIGNATURE) {
    throw malformed();
  }
  const refs: Ref[] = [];
  let droppedRefs = 0;
  for (const line of lines) {
    if (/^-[0-9a-f]{40}(?: .*)?$/.test(line)) {
      continue;
    }
    const [, hash, name] = /^([0-9a-f]{40}) (.+)$/.exec(line) ?? [];
    if (hash === undefined || name === undefined) {
      throw malformed();
    }
    const branch = name.startsWith('refs/heads/') ? name.slice('refs/heads/'.length) : '';
    if (refs.length < REFS_MAX && isSafeBranch(branch)) {
      refs.push({ branch, hash });
    } else if (name !== 'HEAD') {
      droppedRefs++;
    }
  }
  return { refs, droppedRefs };
}

async function write(pack: Writable, chunk: Buffer): Promise<void> {
  if (pack.destroyed || pack.writableEnded) {
    throw new BulkheadError('git on this computer stopped reading the VM’s commits');
  }
  if (chunk.length > 0 && !pack.write(chunk)) {
    // Whichever comes first; the other one's listener goes too.
    const stop = new AbortController();
    const { signal } = stop;
    await Promise.race([once(pack, 'drain', { signal }), once(pack, 'close', { signal })]).finally(() =>
      stop.abort(),
    );
  }
}

function malformed(): BulkheadError {
  return new BulkheadError('git in the VM sent something that is no bundle of commits');
}
