import { forLabel } from '../core/plainText';
import { type ProgressEvent, phaseNumber } from '../core/progress';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `bytes` for people, in powers of 1000: `0 B`, `999 B`, `1.5 MB`. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1).replace(/\.0$/, '')} ${UNITS[unit]}`;
}

/** One line for a progress notification: `3/9 Building the image: Step 2/5 : RUN make (12 MB of 40 MB)`. */
export function progressText(title: string, event: ProgressEvent): string {
  // Build lines come from the image's author; a notification has room for one short line.
  const message = forLabel(event.message, 160);
  const text = message === '' || message === title ? title : `${title}: ${message}`;
  return `${phaseNumber(event.phase)}${text}${amount(event)}`;
}

function amount({ done, total, unit }: ProgressEvent): string {
  if (done === undefined) {
    return '';
  }
  const show = unit === 'bytes' ? formatBytes : String;
  return total === undefined ? ` (${show(done)})` : ` (${show(done)} of ${show(total)})`;
}
