import type { Readable, Writable } from 'node:stream';
import type { TerminalEnvironment } from './progressBar';

export interface TerminalInput extends Readable {
  isTTY?: boolean | undefined;
  setRawMode?: ((raw: boolean) => unknown) | undefined;
}

export interface TerminalOutput extends Writable {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  rows?: number | undefined;
}

export interface SignalSource {
  on(name: NodeJS.Signals, listener: () => void): unknown;
  off(name: NodeJS.Signals, listener: () => void): unknown;
}

/** The world around the CLI, as narrow as it uses it: `process` is one, a test has another. */
export interface Terminal {
  stdin: TerminalInput;
  stdout: TerminalOutput;
  stderr: TerminalOutput;
  signals: SignalSource;
  env: TerminalEnvironment & { BULKHEAD_DATA_DIRECTORY?: string | undefined };
  cwd(): string;
  /** Ends the process at once, for a second Ctrl-C. */
  exit(code: number): void;
}

/** Resolves when everything written to `stream` so far has been handed to the system (or can't be any more). */
export function flushed(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableEnded) {
      resolve();
      return;
    }
    stream.once('error', () => resolve());
    stream.write('', () => resolve());
  });
}
