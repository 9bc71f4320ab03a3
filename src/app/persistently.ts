import { delay } from '../core/deadline';
import { isCancelled, messageOf } from '../core/errors';
import type { Log } from '../core/log';

const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 10_000;

/**
 * Runs `attempt` until `signal` aborts, again and again with growing pauses. Whenever it yields, it works: the pauses begin
 * anew. Resolves when `signal` aborts; rejects with the last error after `failures` of them in a row (default: never).
 */
export async function persistently(
  options: { what: string; log: Log; signal: AbortSignal; failures?: number },
  attempt: () => AsyncGenerator<void, void>,
): Promise<void> {
  const { signal } = options;
  let failures = 0;
  let pauseMs = RETRY_FIRST_MS;
  while (!signal.aborted) {
    try {
      for await (const _works of attempt()) {
        failures = 0;
        pauseMs = RETRY_FIRST_MS;
      }
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      failures++;
      options.log.debug(`${options.what}: ${messageOf(error)}`);
      if (failures >= (options.failures ?? Number.POSITIVE_INFINITY)) {
        throw error;
      }
    }
    await delay(pauseMs, signal).catch((error: unknown) => {
      if (!isCancelled(error)) {
        throw error;
      }
    });
    pauseMs = Math.min(pauseMs * 2, RETRY_MAX_MS);
  }
}
