/** Process exit code of the CLI for each kind of failure (the CLI's contract, see README). */
export const EXIT = { done: 0, failed: 1, usage: 2, host: 3, cancelled: 130 } as const;

/**
 * What kind of failure this is, for whoever branches on it.
 * - `failed`: the thing itself went wrong (a build step, a boot).
 * - `usage`: bad arguments or settings; the user's text must change.
 * - `host`: this host can't (no Docker Engine, disk full, wrong architecture).
 * - `cancelled`: the user or a signal asked to stop.
 */
export type FailureKind = 'failed' | 'usage' | 'host' | 'cancelled';

export interface BulkheadErrorOptions {
  kind?: FailureKind;
  /** What to do next, as one imperative sentence. */
  next?: string;
  /** More lines for the log or the terminal (a build's last lines, a console's tail). */
  details?: string;
  cause?: unknown;
}

/** An error with what failed and why (`message`) and what to do next (`next`). */
export class BulkheadError extends Error {
  readonly kind: FailureKind;
  readonly next: string | undefined;
  readonly details: string | undefined;

  constructor(message: string, options: BulkheadErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BulkheadError';
    this.kind = options.kind ?? 'failed';
    this.next = options.next;
    this.details = options.details;
  }

  get exitCode(): number {
    return EXIT[this.kind];
  }
}

/** The user (or a signal) asked to stop. */
export class CancelledError extends BulkheadError {
  constructor(what = 'Cancelled') {
    super(what, { kind: 'cancelled' });
    this.name = 'CancelledError';
  }
}

/** Something did not happen within its deadline. */
export class DeadlineError extends BulkheadError {
  constructor(what: string, ms: number, next?: string) {
    super(`${what}: no answer within ${ms} ms`, next === undefined ? {} : { next });
    this.name = 'DeadlineError';
  }
}

/** The text of anything thrown, for messages and logs. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}

/** True for our own cancellation and for the platform's `AbortError`. */
export function isCancelled(error: unknown): boolean {
  return (
    (error instanceof BulkheadError && error.kind === 'cancelled') ||
    (error instanceof Error && error.name === 'AbortError')
  );
}

/** The `code` of a Node system error (`ENOENT`, `ECONNRESET`, …), if it has one. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string') {
    return error.code;
  }
  return undefined;
}

/** Throws a cancellation on; for a catch that turns other failures into an answer. */
export function throwIfCancelled(error: unknown): void {
  if (isCancelled(error)) {
    throw error;
  }
}
