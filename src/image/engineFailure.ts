import { BulkheadError, isCancelled, messageOf } from '../core/errors';

const FULL = /no space left on device|disk quota exceeded/i;

/** True if the Engine's or a worker's words say that a disk is full. */
export function saysDiskFull(text: string): boolean {
  return FULL.test(text);
}

/**
 * What the Engine answered, as an error of the house: a full disk is the host's, a cancelled request stays cancelled.
 * @param what the start of the sentence: "The image can't be saved"
 */
export function engineFailure(what: string, error: unknown): BulkheadError {
  if (error instanceof BulkheadError) {
    return error;
  }
  if (isCancelled(error)) {
    return new BulkheadError(what, { kind: 'cancelled', cause: error });
  }
  const why = messageOf(error).trim();
  if (saysDiskFull(why)) {
    return new BulkheadError(`${what}: the Engine's disk is full (${why})`, {
      kind: 'host',
      cause: error,
      next: 'Free space with `bulkhead prune` or `docker system prune`, then try again.',
    });
  }
  return new BulkheadError(`${what}: ${why}`, { cause: error });
}

/** The HTTP status in a dockerode error, if it has one. */
export function statusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}
