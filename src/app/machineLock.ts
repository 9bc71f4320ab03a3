import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import lockfile from 'proper-lockfile';
import { delay } from '../core/deadline';
import { BulkheadError, codeOf } from '../core/errors';
import type { WaitOptions } from '../machine/hypervisor';

/** A process that died without unlocking is taken for dead after this long (it refreshes the lock every 2 s). */
const STALE_MS = 10_000;
const REFRESH_MS = 2_000;
const RETRY_MS = 200;
/** A first `up` builds the kit and an image: minutes, not hours. */
const WAIT_MS = 3_600_000;

/**
 * Runs `work` while no other process on this host works on the same machine. `onWait` is called once if it has to wait. `work`
 * is told by a signal if the lock was lost: this process was stopped for so long that another may have taken it for dead.
 */
export async function withMachineLock<T>(
  file: string,
  options: WaitOptions & { onWait?: () => void },
  work: (lost: AbortSignal) => Promise<T>,
): Promise<T> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const lost = new AbortController();
  const release = await acquire(file, options, () => lost.abort());
  try {
    return await work(lost.signal);
  } finally {
    await release().catch((error: unknown) => {
      // It went stale under us (the process was stopped for over 10 s): there is nothing left to release.
      if (codeOf(error) !== 'ERELEASED' && codeOf(error) !== 'ENOTACQUIRED') {
        throw error;
      }
    });
  }
}

async function acquire(
  file: string,
  options: WaitOptions & { onWait?: () => void },
  onLost: () => void,
): Promise<() => Promise<void>> {
  const until = Date.now() + WAIT_MS;
  for (let tries = 0; Date.now() < until; tries++) {
    try {
      return await lockfile.lock(file, {
        realpath: false,
        stale: STALE_MS,
        update: REFRESH_MS,
        // The default throws in a timer, outside of anyone's reach.
        onCompromised: onLost,
      });
    } catch (error) {
      if (codeOf(error) !== 'ELOCKED') {
        throw error;
      }
    }
    if (tries === 0) {
      options.onWait?.();
    }
    await delay(RETRY_MS, options.signal);
  }
  throw new BulkheadError('Another Bulkhead has been working on this machine for an hour', {
    next: 'Look for a `bulkhead up` that hangs, and end it.',
  });
}
