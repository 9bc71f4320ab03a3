import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { throwIfAborted } from '../core/deadline';
import { BulkheadError, CancelledError, messageOf } from '../core/errors';
import { type Chunks, decompressed } from './decompress';

/** Where a blob's (decompressed) bytes go while it isn't known yet which layer it is. */
export interface BlobWriter {
  /** `chunk` may be reused by the caller once the promise resolves. */
  write(chunk: Uint8Array): Promise<void>;
  /** The blob is the layer with this diff_id. `empty`: a tar without entries. */
  accept(diffId: string, empty: boolean): Promise<void>;
  /** The blob is no layer that is wanted. */
  drop(): Promise<void>;
}

/** Bounds for a stream that may be hostile. */
export interface SaveLimits {
  entries: number;
  /** Decompressed bytes of all blobs together. */
  bytes: number;
}

export const SAVE_LIMITS: SaveLimits = { entries: 20_000, bytes: 512 * 2 ** 30 };

export interface ReadSavedImageOptions {
  /** diff_ids (`sha256:…`) that are to be found, from the engine's own word on the image. */
  wanted: Iterable<string>;
  /** diff_ids that need not be read, with the sizes of their tars in bytes. */
  known?: ReadonlyMap<string, number>;
  newBlob: () => BlobWriter;
  limits?: SaveLimits;
  signal?: AbortSignal | undefined;
  /** Called with the count of bytes read from the stream since the last call. */
  onBytes?: (bytes: number) => void;
}

/** Below this, sizes coincide too often to tell a known layer by its size. */
const TELLING_BYTES = 2 ** 20;
const MAX_NAME_LENGTH = 1024;

/**
 * Reads a `docker save` stream and hands on the layers that are wanted. A layer is what hashes to a wanted diff_id, after
 * decompression: that holds for the legacy layout (Docker 20.10: `<v1 id>/layer.tar`), for OCI layouts (26 and
 * later: `blobs/sha256/<digest>`, plain or compressed, with nested indexes and attestations), and it verifies every
 * digest at the same time. Manifests and symlinks (repeated layers) say nothing more, so they are not believed.
 *
 * Known layers are skipped: by name, or by size in the legacy layout, where names say nothing.
 *
 * @returns the diff_ids that were not found: empty unless the save is incomplete, damaged, or a wanted layer has
 * the same size as a known one (then a second pass without `known` finds it).
 */
export async function readSavedImage(saved: Readable, options: ReadSavedImageOptions): Promise<Set<string>> {
  const { signal, known = new Map<string, number>(), limits = SAVE_LIMITS } = options;
  const missing = new Set(options.wanted);
  const knownSizes = new Set([...known.values()].filter((size) => size >= TELLING_BYTES));
  const budget = { left: limits.bytes };
  const archive = extract();
  const stop = () => saved.destroy(new CancelledError());
  let failure: unknown;
  throwIfAborted(signal);
  signal?.addEventListener('abort', stop, { once: true });
  saved.on('data', (chunk: Buffer) => options.onBytes?.(chunk.length));
  saved.on('error', (error) => {
    failure = error;
    archive.destroy(error);
  });
  saved.on('close', () => {
    if (!saved.readableEnded) {
      archive.destroy(saved.errored ?? new Error('the stream ended early'));
    }
  });
  saved.pipe(archive);
  try {
    let entries = 0;
    for await (const entry of archive) {
      entries++;
      const { name, type, size = 0 } = entry.header;
      if (entries > limits.entries || name.length > MAX_NAME_LENGTH) {
        throw new BulkheadError(`The saved image has too many or too long entries (${entries})`);
      }
      const blob = type === 'file' && missing.size > 0 ? blobDigest(name) : undefined;
      if (blob === undefined || known.has(blob) || (blob === '' && knownSizes.has(size))) {
        entry.resume();
        continue;
      }
      await readBlob(entry as Chunks, missing, budget, options.newBlob());
    }
  } catch (error) {
    throwIfAborted(signal);
    if (error instanceof BulkheadError) {
      throw error;
    }
    throw new BulkheadError(`The saved image can't be read: ${messageOf(failure ?? error)}`, {
      cause: error,
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    saved.destroy();
  }
  return missing;
}

/** The digest in an OCI blob's name, '' for a legacy layer, undefined for any other entry. */
function blobDigest(name: string): string | undefined {
  const blob = /^(?:\.\/)?blobs\/sha256\/([0-9a-f]{64})$/.exec(name);
  if (blob) {
    return `sha256:${blob[1]}`;
  }
  return /^(?:\.\/)?[0-9a-f]{64}\/layer\.tar$/.test(name) ? '' : undefined;
}

async function readBlob(
  entry: Chunks,
  missing: Set<string>,
  budget: { left: number },
  writer: BlobWriter,
): Promise<void> {
  const hash = createHash('sha256');
  let first = Buffer.alloc(0);
  try {
    for await (const chunk of decompressed(entry)) {
      budget.left -= chunk.length;
      if (budget.left < 0) {
        throw new BulkheadError('The saved image is larger than its limit once it is decompressed');
      }
      if (first.length < 512) {
        first = Buffer.concat([first, chunk.subarray(0, 512 - first.length)]);
      }
      hash.update(chunk);
      await writer.write(chunk);
    }
  } catch (error) {
    await writer.drop();
    throw error;
  }
  const diffId = `sha256:${hash.digest('hex')}`;
  if (missing.delete(diffId)) {
    await writer.accept(
      diffId,
      first.every((byte) => byte === 0),
    );
  } else {
    await writer.drop();
  }
}
