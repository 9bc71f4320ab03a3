import { once } from 'node:events';
import { Transform, type TransformCallback } from 'node:stream';
import type { Disposable } from '../core/disposables';
import type { Terminal } from './terminal';

/** Longer than any word that is asked for. */
const ANSWER_MAX = 1000;

/** What has the terminal: a program in the guest. */
export interface TerminalHolder {
  /** Its output is held back, and what is typed does not reach it. */
  pause(): void;
  resume(): void;
}

/** Passes a program's output on, but for the time of a question. */
export class OutputGate extends Transform {
  private waiting: (() => void) | undefined;
  private isOpen = true;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    if (this.isOpen) {
      callback(null, chunk);
    } else {
      this.waiting = () => callback(null, chunk);
    }
  }

  shut(): void {
    this.isOpen = false;
  }

  open(): void {
    this.isOpen = true;
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.();
  }
}

/** Lets a question take the terminal from the program that has it. One question at a time is the caller's care. */
export class TerminalTurn {
  private holder: TerminalHolder | undefined;

  constructor(private readonly terminal: Terminal) {}

  /** Both ends of the question are people's: without them nobody can be asked. */
  get canAsk(): boolean {
    return this.terminal.stdin.isTTY === true && this.terminal.stderr.isTTY === true;
  }

  hold(holder: TerminalHolder): Disposable {
    this.holder = holder;
    return {
      dispose: () => {
        this.holder = undefined;
      },
    };
  }

  /** The line that is typed; rejects when `signal` aborts. */
  async ask(question: string, signal: AbortSignal): Promise<string> {
    const { stdin, stderr } = this.terminal;
    const { holder } = this;
    holder?.pause();
    const raw = stdin.isTTY === true && holder !== undefined;
    if (raw) {
      stdin.setRawMode?.(false);
    }
    try {
      // Colours, hidden text or another screen that the guest may have set are undone first.
      stderr.write(`\u001b[?1049l\u001b[0m\u001b[?25h\r\n${question}`);
      let line = '';
      while (!line.includes('\n') && line.length < ANSWER_MAX) {
        stdin.resume();
        const [chunk] = (await once(stdin, 'data', { signal })) as [Buffer | string];
        line += chunk.toString();
      }
      return (line.split('\n')[0] ?? '').trim();
    } finally {
      stdin.pause();
      holder?.resume();
    }
  }
}
