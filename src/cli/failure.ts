import { CommanderError } from 'commander';
import {
  BulkheadError,
  CancelledError,
  EXIT,
  type FailureKind,
  isCancelled,
  messageOf,
} from '../core/errors';
import { printable } from '../core/log';
import { withoutEnd } from '../core/withoutEnd';
import { jsonLine } from './format';
import type { TerminalOutput } from './terminal';

/** What `--json` prints on stdout under `error` when a command fails. */
export interface FailureReport {
  kind: FailureKind;
  message: string;
  next?: string;
  details?: string;
}

export function describeFailure(error: unknown): FailureReport {
  const known = toBulkheadError(error);
  return {
    kind: known.kind,
    message: known.message,
    ...(known.next === undefined ? {} : { next: known.next }),
    ...(known.details === undefined ? {} : { details: known.details }),
  };
}

/** Says on stderr what failed, why and what to do next, and on stdout too with `--json`. Returns the exit code. */
export function reportFailure(
  error: unknown,
  streams: { stdout: TerminalOutput; stderr: TerminalOutput },
  options: { json: boolean; verbose: boolean },
): number {
  const report = describeFailure(error);
  const lines = [`bulkhead: ${printable(report.message)}`];
  if (report.details !== undefined) {
    lines.push(withoutEnd(printable(report.details, 100_000), '\n').replace(/^/gm, '  '));
  }
  if (options.verbose && error instanceof Error) {
    lines.push(printable(withCauses(error), 100_000));
  }
  if (report.next !== undefined) {
    lines.push(`Next: ${printable(report.next)}`);
  }
  streams.stderr.write(`${lines.join('\n')}\n`);
  if (options.json) {
    streams.stdout.write(`${jsonLine({ error: report })}\n`);
  }
  return EXIT[report.kind];
}

function toBulkheadError(error: unknown): BulkheadError {
  if (error instanceof BulkheadError) {
    return error;
  }
  if (isCancelled(error)) {
    return new CancelledError();
  }
  if (error instanceof CommanderError) {
    return new BulkheadError(error.message.replace(/^error: /, ''), {
      kind: 'usage',
      next:
        error.code === 'commander.unknownOption'
          ? 'See `bulkhead <command> --help`; options of a command in the machine go after `--`.'
          : 'See `bulkhead --help`, or `bulkhead <command> --help`.',
      cause: error,
    });
  }
  return new BulkheadError(messageOf(error), {
    next: 'Run the command again with --verbose: if it fails again, that output belongs in a bug report.',
    cause: error,
  });
}

function withCauses(error: Error): string {
  const own = error.stack ?? error.message;
  return error.cause instanceof Error ? `${own}\nCaused by: ${withCauses(error.cause)}` : own;
}
