import { CancelledError, DeadlineError } from './errors';

/** Throws `CancelledError` if `signal` is already aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new CancelledError();
  }
}

export interface DeadlineOptions {
  /** What is waited for, as the start of the error's sentence ("The guest's SSH server"). */
  what: string;
  /** Milliseconds until `DeadlineError`. */
  ms: number;
  signal?: AbortSignal | undefined;
  /** What the user can do when the deadline passes. */
  next?: string;
}

/**
 * Runs `work` with a signal that aborts on the caller's signal or after `ms`.
 * Rejects with `CancelledError` or `DeadlineError` at once, even if `work` ignores its signal.
 */
export async function withDeadline<T>(
  options: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  throwIfAborted(options.signal);
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const stopped = new Promise<never>((_, reject) => {
    const stop = (error: Error) => {
      reject(error);
      controller.abort(error);
    };
    timer = setTimeout(() => stop(new DeadlineError(options.what, options.ms, options.next)), options.ms);
    onAbort = () => stop(new CancelledError());
    options.signal?.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work(controller.signal), stopped]);
  } finally {
    clearTimeout(timer);
    if (onAbort) {
      options.signal?.removeEventListener('abort', onAbort);
    }
  }
}

/** Resolves after `ms` milliseconds; rejects with `CancelledError` as soon as `signal` aborts. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new CancelledError());
      return;
    }
    const onAbort = () => {
      clearTimeout(timer);
      reject(new CancelledError());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
