import { forTerminal } from '../core/plainText';
import { PHASE_TITLES, type ProgressEvent, phaseNumber } from '../core/progress';
import { formatBytes } from './format';

/** What the terminal can show. */
export interface BarStyle {
  columns: number;
  /** Cyan bar, dim rest. */
  color: boolean;
  /** Block characters; else `#` and `.`. */
  unicode: boolean;
}

/** Columns of a bar, and the most that a line may take away from its text for it. */
const BAR_COLUMNS = 20;
const MIN_TEXT_COLUMNS = 24;

/** The environment variables that say what a terminal can show. */
export interface TerminalEnvironment {
  TERM?: string | undefined;
  NO_COLOR?: string | undefined;
  LC_ALL?: string | undefined;
  LC_CTYPE?: string | undefined;
  LANG?: string | undefined;
}

/** no-color.org: set and not empty means no color. */
export function barStyle(env: TerminalEnvironment, columns: number | undefined): BarStyle {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  return {
    // 0 columns: a terminal that does not know its size.
    columns: columns || 80,
    color: !env.NO_COLOR,
    unicode: /utf-?8/i.test(locale),
  };
}

/** How `buildOutput` begins a step, of either builder: `[2/3] RUN …`, `[stage 2/3] …`. */
const BUILD_STEP = /^\[(?:[^\]]{0,60}\s)?(\d{1,4})\/(\d{1,4})\]/;

/** How much of the step is done, 0…1; undefined if nobody knows. */
export function fractionOf({ phase, done, total, message }: ProgressEvent): number | undefined {
  if (done !== undefined && total !== undefined && total > 0) {
    return Math.min(1, Math.max(0, done / total));
  }
  const step = phase === 'build' || phase === 'kit' ? BUILD_STEP.exec(message) : null;
  const [number, steps] = [Number(step?.[1]), Number(step?.[2])];
  // A step that runs is not done yet.
  return number >= 1 && number <= steps ? (number - 1) / steps : undefined;
}

/** One line for a terminal, never wider than it: phase, bar and percent where the end is known, amount. */
export function progressLine(event: ProgressEvent, style: BarStyle): string {
  // One short of the width: the last column would wrap, and a wrapped line can't be cleared.
  const width = Math.max(1, style.columns - 1);
  const text = `${phaseNumber(event.phase)}${describeStep(event)}`;
  const fraction = fractionOf(event);
  const amount = describeAmount(event);
  const percent = fraction === undefined ? '' : ` ${String(Math.floor(fraction * 100)).padStart(3)} %`;
  const tail = `${percent}${amount}`;
  const room = width - tail.length - BAR_COLUMNS - 1;
  if (fraction === undefined || room < MIN_TEXT_COLUMNS) {
    return `${text.slice(0, Math.max(0, width - tail.length))}${tail}`;
  }
  return `${text.slice(0, room)} ${bar(fraction, style)}${tail}`;
}

/** The step for people, without how far it is. */
export function describeStep(event: ProgressEvent): string {
  const message = forTerminal(event.message);
  const title = PHASE_TITLES[event.phase];
  return message === '' || message === title ? title : `${title}: ${message}`;
}

function describeAmount({ done, total, unit }: ProgressEvent): string {
  if (done === undefined) {
    return '';
  }
  const show = unit === 'bytes' ? formatBytes : String;
  return total === undefined ? ` (${show(done)})` : ` (${show(done)} of ${show(total)})`;
}

function bar(fraction: number, { color, unicode }: BarStyle): string {
  const full = Math.round(fraction * BAR_COLUMNS);
  const done = (unicode ? '━' : '#').repeat(full);
  const left = (unicode ? '─' : '.').repeat(BAR_COLUMNS - full);
  return color ? `\u001b[36m${done}\u001b[39m\u001b[2m${left}\u001b[22m` : `${done}${left}`;
}
