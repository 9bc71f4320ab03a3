import type { Log } from '../core/log';
import { printable } from '../core/log';
import type { ProgressEvent } from '../core/progress';
import { barStyle, describeStep, progressLine, type TerminalEnvironment } from './progressBar';
import type { TerminalOutput } from './terminal';

export interface Verbosity {
  quiet: boolean;
  verbose: boolean;
}

/** A terminal redraws at most this often (ms); more is flicker. */
const REDRAW_MS = 80;

/**
 * Progress and log on stderr. A terminal gets one line that is redrawn, with a bar where the end is known; everything
 * else one line for each step, without its counters. `--quiet` leaves warnings and errors only.
 */
export class StatusLine {
  readonly log: Log;
  private shown = '';
  private lastStep = '';
  private lastDraw = 0;

  constructor(
    private readonly stderr: TerminalOutput,
    private readonly verbosity: Verbosity,
    private readonly env: TerminalEnvironment = {},
  ) {
    const when = (wanted: boolean, prefix: string) => (message: string) => {
      if (wanted) {
        this.print(`${prefix}${printable(message)}`);
      }
    };
    this.log = {
      debug: when(verbosity.verbose, ''),
      info: when(verbosity.verbose, ''),
      warn: when(true, 'warning: '),
      error: when(true, 'error: '),
    };
  }

  readonly report = (event: ProgressEvent): void => {
    if (this.verbosity.quiet) {
      return;
    }
    const step = describeStep(event);
    if (!this.stderr.isTTY || this.env.TERM === 'dumb') {
      if (step !== this.lastStep) {
        this.lastStep = step;
        this.stderr.write(`${step}\n`);
      }
      return;
    }
    const now = performance.now();
    if (step !== this.lastStep || now - this.lastDraw >= REDRAW_MS) {
      this.lastStep = step;
      this.lastDraw = now;
      this.draw(progressLine(event, barStyle(this.env, this.stderr.columns)));
    }
  };

  /** A whole line of its own, above the line that is redrawn. */
  print(text: string): void {
    this.clear();
    this.stderr.write(`${text}\n`);
  }

  clear(): void {
    if (this.shown !== '') {
      this.stderr.write('\r\u001b[K');
      this.shown = '';
    }
  }

  private draw(text: string): void {
    this.shown = text;
    this.stderr.write(`\r\u001b[K${this.shown}`);
  }
}
