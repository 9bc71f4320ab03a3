import { EventEmitter } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import type { App } from '../../../src/app';
import { runCli } from '../../../src/cli/runCli';
import type { SignalSource, TerminalInput, TerminalOutput } from '../../../src/cli/terminal';

/** Collects what is written to it. */
export class Sink extends Writable implements TerminalOutput {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
  private readonly chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.chunks.push(chunk);
    done();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }
}

export interface Outcome {
  code: number;
  stdout: string;
  stdoutBytes: Buffer;
  stderr: string;
  /** Codes with which the process would have been ended at once. */
  exits: number[];
}

/** Runs the CLI with `app` behind it. Calls of the app that the test did not foresee fail the command. */
export async function runFake(
  args: string[],
  app: Partial<App>,
  world: {
    stdin?: TerminalInput;
    signals?: EventEmitter;
    stdout?: Sink;
    onCreate?: (dataDirectory: string | undefined) => void;
    env?: { BULKHEAD_DATA_DIRECTORY?: string };
  } = {},
): Promise<Outcome> {
  const stdout = world.stdout ?? new Sink();
  const stderr = new Sink();
  const exits: number[] = [];
  const emptyStdin = new PassThrough();
  emptyStdin.end();
  const code = await runCli(args, {
    createApp: (options) => {
      world.onCreate?.(options.dataDirectory);
      return { dispose: () => undefined, ...app } as App;
    },
    version: '1.2.3',
    proxyCommand: ['node', 'cli.js'],
    terminal: {
      stdin: world.stdin ?? emptyStdin,
      stdout,
      stderr,
      signals: (world.signals ?? new EventEmitter()) as SignalSource,
      env: world.env ?? {},
      cwd: () => '/home/me',
      exit: (status) => exits.push(status),
    },
  });
  return { code, stdout: stdout.text, stdoutBytes: stdout.bytes, stderr: stderr.text, exits };
}
