import { parseDuration, parseSize } from './quantities';

interface Limits {
  min: number;
  max: number;
}

const clamp = (value: number, { min, max }: Limits) => Math.min(max, Math.max(min, value));

/** The whole number that was meant by `"2"`, `2.5` or `" 3000 "`. */
export function wholeNumber(written: unknown): number | undefined {
  const number = typeof written === 'string' && /^\s*\d{1,9}\s*$/.test(written) ? Number(written) : written;
  return typeof number === 'number' && Number.isFinite(number) ? Math.round(number) : undefined;
}

export function nearestWhole(written: unknown, limits: Limits): number | undefined {
  const number = wholeNumber(written);
  return number === undefined ? undefined : clamp(number, limits);
}

/** `"2  gigabytes"`, `"2,5 GB"`, `"64mb"` where 128 is the least: the nearest size that is one, as it is written. */
export function nearestSize(written: unknown, limits: Limits): string | undefined {
  const text = typeof written === 'number' ? `${Math.round(written)}b` : written;
  const parts =
    typeof text === 'string'
      ? /^\s*(\d{1,9}(?:[.,]\d{1,3})?|\d{1,16})\s*([kmgtb])?\w{0,12}\s*$/i.exec(text)
      : null;
  if (!parts) {
    return undefined;
  }
  const unit = (parts[2] ?? 'b').toLowerCase();
  const wanted = `${parts[1]?.replace(',', '.')}${unit === 'b' ? 'b' : `${unit}b`}`;
  const bytes = parseSize(wanted);
  if (bytes === undefined) {
    return undefined;
  }
  const possible = clamp(bytes, limits);
  return possible === bytes ? wanted : sizeText(possible);
}

/** Bytes as they would be written into the settings file; exact, so that equal texts are equal sizes. */
export function sizeText(bytes: number): string {
  const units = ['b', 'kb', 'mb', 'gb', 'tb'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && value % 1024 === 0 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value}${units[unit]}`;
}

/** `"30 minutes"`, `1800` (seconds), `"30d"` where 7 days are the most. */
export function nearestDuration(written: unknown, limits: Limits): string | undefined {
  const text = typeof written === 'number' ? `${Math.round(written)}s` : written;
  const parts =
    typeof text === 'string' ? /^\s*(\d{1,9}(?:\.\d{1,3})?)\s*([smhd])\w{0,8}\s*$/i.exec(text) : null;
  const wanted = parts && `${parts[1]}${parts[2]?.toLowerCase()}`;
  const ms = wanted ? parseDuration(wanted) : undefined;
  if (!wanted || ms === undefined) {
    return undefined;
  }
  const possible = clamp(ms, limits);
  if (possible === ms) {
    return wanted;
  }
  return possible % 86_400_000 === 0 ? `${possible / 86_400_000}d` : `${possible / 1000}s`;
}

/** The host (and port, if it names one) of a URL. */
export function hostNameIn(written: unknown): string | undefined {
  const host =
    typeof written === 'string'
      ? /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^/@\s]*@)?([^/:?#\s@]+(?::\d+)?)(?:[/?#].*)?$/i.exec(written.trim())
      : null;
  return host?.[1]?.toLowerCase();
}

export function truth(written: unknown): boolean | undefined {
  const said = typeof written === 'string' ? written.trim().toLowerCase() : written;
  if (said === 'true' || said === 'yes' || said === 'on' || said === 1) {
    return true;
  }
  return said === 'false' || said === 'no' || said === 'off' || said === 0 ? false : undefined;
}
