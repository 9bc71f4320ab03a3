import { appendFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, messageOf } from '../core/errors';
import { readTextIfThere } from '../core/files';
import type { Log } from '../core/log';

/** A log is turned over once at this size, so a machine's two files hold at most twice as much. */
const MAX_BYTES = 1024 * 1024;

/** The log of one machine in the data folder: builds, lifecycle commands, starts and ends. Lines are written in order. */
export class MachineLog implements Log {
  private queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly file: string,
    private readonly next: Log,
  ) {}

  debug(message: string): void {
    this.next.debug(message);
    this.write('debug', message);
  }

  info(message: string): void {
    this.next.info(message);
    this.write('info', message);
  }

  warn(message: string): void {
    this.next.warn(message);
    this.write('warn', message);
  }

  error(message: string): void {
    this.next.error(message);
    this.write('error', message);
  }

  /** Resolves when everything said so far is in the file. */
  flushed(): Promise<void> {
    return this.queue;
  }

  private write(level: string, message: string): void {
    const line = `${new Date().toISOString()} ${level} ${message}\n`;
    this.queue = this.queue
      .then(() => this.append(line))
      .catch((error: unknown) => this.next.warn(`The machine's log can't be written: ${messageOf(error)}`));
  }

  private async append(line: string): Promise<void> {
    await mkdir(dirname(this.file), { recursive: true, mode: 0o700 });
    const size = await stat(this.file).then(
      (found) => found.size,
      () => 0,
    );
    if (size + line.length > MAX_BYTES) {
      await rename(this.file, `${this.file}.1`).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') {
          throw error;
        }
      });
    }
    await appendFile(this.file, line, { mode: 0o600 });
  }
}

/** The last `tail` lines of a machine's log; empty if there is none. */
export async function readMachineLog(file: string, tail: number): Promise<string> {
  const texts = await Promise.all([`${file}.1`, file].map((path) => readTextIfThere(path)));
  const lines = texts.join('').split('\n');
  // The text ends with a newline, so its last piece is empty.
  return lines.slice(-(tail + 1)).join('\n');
}

export async function removeMachineLog(file: string): Promise<void> {
  await Promise.all([rm(file, { force: true }), rm(`${file}.1`, { force: true })]);
}
