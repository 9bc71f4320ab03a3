import type { App } from '../app';
import { BulkheadError, isCancelled, messageOf } from '../core/errors';
import { forTerminal } from '../core/plainText';

/** Files that the refusal names; the rest are counted. */
const LISTED = 20;
const COMPARED = 500;

/**
 * Throws (kind `failed`) unless the machine's workspace is known to equal the host's folder: a machine that can't be
 * compared may hold somebody's only copy.
 */
export async function assertNothingLost(
  app: App,
  id: string,
  command: 'rm' | 'reset',
  signal: AbortSignal,
): Promise<void> {
  const next = `Copy out what you need, or drop it: bulkhead ${command} ${id} --force`;
  const differences = await app.differences(id, { limit: COMPARED, signal }).catch((error: unknown) => {
    if (isCancelled(error)) {
      throw error;
    }
    throw new BulkheadError(
      `${command} ${id}: could not tell whether its files differ from the host’s: ${messageOf(error)}`,
      { next, cause: error },
    );
  });
  if (differences.length === 0) {
    return;
  }
  const lines = differences
    .slice(0, LISTED)
    .map(({ kind, path }) => `${kind.padEnd(8)}  ${forTerminal(path)}`);
  if (differences.length > LISTED) {
    const more = differences.length - LISTED;
    lines.push(`… and ${differences.length >= COMPARED ? `at least ${more}` : more} more`);
  }
  throw new BulkheadError(`${command} ${id}: files in it differ from the host’s and would be lost`, {
    details: lines.join('\n'),
    next,
  });
}
