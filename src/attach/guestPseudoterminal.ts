import * as vscode from 'vscode';
import { BulkheadError, isCancelled, messageOf } from '../core/errors';
import { type Log, printable } from '../core/log';
import { TerminalFilter } from '../core/terminalFilter';
import type { GuestProcess, PtySize } from '../guest/guest';
import { passOutput } from './pacedOutput';
import type { TerminalCwd } from './terminalCwd';

/** Until VS Code says how large the terminal is. */
const DEFAULT_SIZE: PtySize = { columns: 80, rows: 24 };
/** Characters that may be typed before the process is there. */
const MAX_EARLY_INPUT = 16 * 1024;
/** Bytes that may wait for a program that doesn't read: more is dropped, as a kernel's terminal does (it keeps 4 KiB). */
const MAX_UNREAD_INPUT = 1024 * 1024;

export type StartProcess = (pty: PtySize & { term: string }, signal: AbortSignal) => Promise<GuestProcess>;

export interface GuestTerminalOptions {
  /** After a failure to start, wait for a key, so that the reason can be read. */
  keepOpen: boolean;
  /** Where its process runs, so that paths in its output can be looked up. */
  place?: { id: string; cwd: TerminalCwd };
}

/** A terminal whose process runs in the machine. */
export class GuestPseudoterminal implements vscode.Pseudoterminal {
  private readonly written = new vscode.EventEmitter<string>();
  private readonly closed = new vscode.EventEmitter<number>();
  readonly onDidWrite = this.written.event;
  readonly onDidClose = this.closed.event;

  private readonly stopping = new AbortController();
  private readonly filter = new TerminalFilter();
  private process: GuestProcess | undefined;
  private size = DEFAULT_SIZE;
  private earlyInput = '';
  private failed = false;

  constructor(
    private readonly startProcess: StartProcess,
    private readonly log: Log,
    private readonly options: GuestTerminalOptions,
  ) {}

  get place(): GuestTerminalOptions['place'] {
    return this.options.place;
  }

  open(dimensions: vscode.TerminalDimensions | undefined): void {
    this.setDimensions(dimensions ?? DEFAULT_SIZE);
    if (this.stopping.signal.aborted) {
      // Closed before it was opened, as a task is that is terminated at once.
      this.closed.fire(130);
      return;
    }
    this.run().then(
      (code) => this.closed.fire(code),
      (error: unknown) => this.fail(error),
    );
  }

  close(): void {
    this.stopping.abort();
    this.process?.dispose();
  }

  handleInput(data: string): void {
    if (this.failed) {
      this.closed.fire(1);
    } else if (this.process) {
      // The terminal's answers come here too, so a guest could ask without end.
      if (this.process.stdin.writableLength < MAX_UNREAD_INPUT) {
        this.process.stdin.write(data);
      }
    } else if (this.earlyInput.length + data.length <= MAX_EARLY_INPUT) {
      this.earlyInput += data;
    }
  }

  setDimensions({ columns, rows }: vscode.TerminalDimensions): void {
    this.size = { columns, rows };
    this.process?.resize(this.size);
  }

  /** Runs the process to its end; resolves with its exit code. */
  private async run(): Promise<number> {
    const asked = this.size;
    const { signal } = this.stopping;
    const process = await this.startProcess({ ...asked, term: 'xterm-256color' }, signal);
    if (signal.aborted) {
      process.dispose();
      return 130;
    }
    this.process = process;
    // A write to a process that has just ended is not worth a word: its exit is.
    process.stdin.on('error', (error) => this.log.debug(`terminal input: ${messageOf(error)}`));
    process.stderr.resume();
    if (this.size !== asked) {
      process.resize(this.size);
    }
    if (this.earlyInput !== '') {
      process.stdin.write(this.earlyInput);
      this.earlyInput = '';
    }
    try {
      const [exit] = await Promise.all([
        process.exited,
        passOutput(process.stdout, (text) => this.show(text), signal),
      ]);
      return exit.code;
    } finally {
      process.dispose();
      this.process = undefined;
    }
  }

  private show(text: string): void {
    this.options.place?.cwd.push(text);
    this.written.fire(this.filter.push(text));
  }

  private fail(error: unknown): void {
    if (isCancelled(error) || this.stopping.signal.aborted) {
      this.closed.fire(130);
      return;
    }
    this.log.error(`terminal: ${messageOf(error)}`);
    const lines = [messageOf(error), error instanceof BulkheadError ? (error.next ?? '') : ''];
    for (const line of lines.filter((text) => text !== '')) {
      this.written.fire(`\x1b[31m${printable(line, 2000).replaceAll('\n', '\r\n')}\x1b[0m\r\n`);
    }
    if (this.options.keepOpen) {
      this.failed = true;
      this.written.fire(`${vscode.l10n.t('Press any key to close this terminal.')}\r\n`);
    } else {
      this.closed.fire(1);
    }
  }
}
