const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `bytes` in powers of 1024, as memory and disks are given in the settings (`"2gb"` is 2 GiB): `0 B`, `310 MiB`, `1.5 GiB`. */
export function binarySize(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits).replace(/\.0$/, '')} ${UNITS[unit]}`;
}

/** Bytes per second for people: `1.5 MiB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${binarySize(bytesPerSecond)}/s`;
}

/** `12%`, and `0.4%` below ten. */
export function formatPercent(percent: number): string {
  const rounded = Math.round(percent * 10) / 10;
  return `${rounded >= 10 ? Math.round(percent) : rounded}%`;
}
