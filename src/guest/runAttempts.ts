import { BulkheadError, CancelledError, isCancelled } from '../core/errors';
import { printable } from '../core/log';
import type { ExitStatus, Guest, GuestProcess, RunOptions } from './guest';
import type { Attempt } from './searchAttempts';

export interface AttemptContext {
  guest: Guest;
  /** Absolute guest path: where the programs run. */
  folder: string;
  user?: string | undefined;
  signal: AbortSignal;
  /** Milliseconds for the whole of it. */
  deadlineMs: number;
}

/** `complete`: it ran to its end. `enough`: the reader wanted no more. `late`: the deadline passed. */
export type AttemptEnd = 'complete' | 'enough' | 'late';

const STDERR_MAX = 4096;
/** How the tools say that an expression makes no sense to them; the next tool would only say it again. */
const BAD_EXPRESSION =
  /regex parse error|regex could not be compiled|unmatched|unbalanced|missing (terminating|closing)|invalid (regular|preceding|range|back|content|character)|bad regex|trailing backslash|quantifier|nothing to repeat|repetition|parenthes/i;
const NO_PERL = /perl.{0,40}(not|support)|USE_LIBPCRE|without -P|PCRE/i;

/**
 * Runs one attempt after the other until one works, and hands its output to `read`, which returns false when it has
 * had enough; then, on abort and at the deadline the process in the guest is ended. An attempt that fails without
 * output gives way to the next.
 * @throws BulkheadError of kind `usage` for an expression that the tool can't read
 */
export async function runAttempts<T extends Attempt>(
  context: AttemptContext,
  attempts: readonly T[],
  read: (attempt: T, chunk: Buffer) => boolean,
): Promise<{ attempt: T; end: AttemptEnd; stderr: string }> {
  const until = performance.now() + context.deadlineMs;
  let failure = '';
  for (const attempt of attempts) {
    const ran = await runOne(context, attempt, until, read);
    const { exit, output, stderr } = ran;
    // As of grep, ripgrep and git alike: 0 found, 1 found nothing, more is trouble.
    if (ran.end !== 'complete' || output || exit.code <= 1) {
      return { attempt, end: ran.end, stderr };
    }
    if (BAD_EXPRESSION.test(stderr) && !NO_PERL.test(stderr)) {
      throw new BulkheadError(`${attempt.tool}: ${firstLine(stderr)}`, { kind: 'usage' });
    }
    failure ||= `${attempt.tool}: ${firstLine(stderr) || `exit code ${exit.code}`}`;
  }
  throw new BulkheadError(`The VM could not search its files: ${failure}`, {
    next: 'Look whether the folder is still there.',
  });
}

async function runOne<T extends Attempt>(
  { guest, folder, user, signal }: AttemptContext,
  attempt: T,
  until: number,
  read: (attempt: T, chunk: Buffer) => boolean,
): Promise<{ exit: ExitStatus; end: AttemptEnd; output: boolean; stderr: string }> {
  const options: RunOptions = {
    cwd: folder,
    signal,
    ...(attempt.env && { env: attempt.env }),
    ...(user !== undefined && { user }),
  };
  const process: GuestProcess = await guest.spawn({ argv: attempt.argv }, options);
  let late = false;
  let stderr = '';
  let output = false;
  const stop = () => process.dispose();
  const timer = setTimeout(
    () => {
      late = true;
      stop();
    },
    Math.max(0, until - performance.now()),
  );
  signal.addEventListener('abort', stop, { once: true });
  process.stdin.end();
  process.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(0, STDERR_MAX);
  });
  const ended = (end: AttemptEnd, exit: ExitStatus = { code: 0 }) => ({ exit, end, output, stderr });
  try {
    for await (const chunk of process.stdout as AsyncIterable<Buffer>) {
      output = true;
      if (!read(attempt, chunk)) {
        return ended('enough');
      }
    }
    return ended('complete', await process.exited);
  } catch (error) {
    if (signal.aborted) {
      throw new CancelledError();
    }
    // Ended by ourselves: the stream breaks off.
    if (late && (isCancelled(error) || error instanceof Error)) {
      return ended('late');
    }
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    process.dispose();
  }
}

function firstLine(text: string): string {
  return printable(text.trim().split('\n').filter(Boolean).slice(0, 3).join(' '), 300);
}
