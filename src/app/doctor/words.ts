/** Bytes for people, in powers of 1024: `512 MiB`, `12.5 GiB`. */
export function sizeText(bytes: number): string {
  const mib = bytes / 2 ** 20;
  return mib < 1000 ? `${Math.round(mib)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}

/** A path as one word of a POSIX shell's line. */
export function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** `1 layer`, `2 layers`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
