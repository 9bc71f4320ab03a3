import type { WaitOptions } from '../machine/hypervisor';
import type { Guest } from './guest';
import { joinGuest } from './guestPath';
import { kitTools } from './kitTools';

/** Bytes of paths in one `sha256sum` command (the command line holds them as hex). */
const BATCH_BYTES = 40_000;
const HASH_MS = 600_000;

/** SHA-256 (hex, the guest's word) of files relative to `root`, batch by batch; one that can't be read is left out of `hashes`. */
export async function* hashGuestFiles(
  guest: Guest,
  root: string,
  paths: readonly string[],
  options: WaitOptions & { user?: string },
): AsyncGenerator<{ paths: string[]; hashes: Map<string, string> }, void> {
  for (const batch of batches(paths, root)) {
    const absolute = batch.map((path) => joinGuest(root, path));
    const output = await guest.run(
      { argv: [kitTools(guest).busybox, 'sha256sum', '--', ...absolute] },
      {
        cwd: '/',
        deadlineMs: HASH_MS,
        maxBytes: BATCH_BYTES + batch.length * 80,
        ...(options.user !== undefined && { user: options.user }),
        ...(options.signal && { signal: options.signal }),
      },
    );
    yield { paths: batch, hashes: parseHashes(output.stdout, batch, absolute) };
  }
}

function* batches(paths: readonly string[], root: string): Generator<string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const path of paths) {
    const size = Buffer.byteLength(joinGuest(root, path)) + 1;
    if (bytes + size > BATCH_BYTES && batch.length > 0) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(path);
    bytes += size;
  }
  if (batch.length > 0) {
    yield batch;
  }
}

/**
 * Reads `<64 hex>  <path>\n` records in the order the paths were given. A path may hold a newline, so the
 * next record is found by the path that is expected, never by splitting lines; a path without one is left out.
 */
export function parseHashes(stdout: Buffer, names: string[], paths: string[]): Map<string, string> {
  const hashes = new Map<string, string>();
  let at = 0;
  names.forEach((name, index) => {
    const tail = Buffer.from(`  ${paths[index] ?? ''}\n`);
    const end = at + 64 + tail.length;
    const hash = stdout.toString('latin1', at, at + 64);
    if (/^[0-9a-f]{64}$/.test(hash) && stdout.subarray(at + 64, end).equals(tail)) {
      hashes.set(name, hash);
      at = end;
    }
  });
  return hashes;
}
