import type { Log } from '../core/log';
import { printable } from '../core/log';
import { PHASE_TITLES, type ProgressEvent } from '../core/progress';
import { formatBytes, oneLine } from './format';
import type { TerminalOutput } from './terminal';

export interface Verbosity {
  quiet: boolean;
  verbose: boolean;
}

/** A terminal redraws at most this often (ms); more is flicker. */
const REDRAW_MS = 80;

/**
 * Progress and log on stderr. A terminal gets one line that is redrawn, everything else one line for each step
 * without its counters. `--quiet` leaves warnings and errors only.
 */
export class StatusLine {
  readonly log: Log;
  private shown = '';
  private lastStep = '';
  private lastDraw = 0;

  constructor(
    private readonly stderr: TerminalOutput,
    private readonly verbosity: Verbosity,
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
    if (!this.stderr.isTTY) {
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
      this.draw(`${step}${describeAmount(event)}`);
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
    // 0 columns: a terminal that does not know its size. One short of the width: the last column would wrap, and a wrapped line can't be cleared.
    this.shown = text.slice(0, Math.max(20, (this.stderr.columns || 80) - 1));
    this.stderr.write(`\r\u001b[K${this.shown}`);
  }
}

function describeStep(event: ProgressEvent): string {
  const message = oneLine(event.message);
  const title = PHASE_TITLES[event.phase];
  return message === '' || message === title ? title : `${title}: ${message}`;
}

function describeAmount(event: ProgressEvent): string {
  if (event.done === undefined) {
    return '';
  }
  const show = event.unit === 'bytes' ? formatBytes : String;
  return event.total === undefined
    ? ` (${show(event.done)})`
    : ` (${show(event.done)} of ${show(event.total)})`;
}
