/** Excludes that are a name and nothing else need not even be listed. With `!` among them, one may come back. */
export function plainNames(exclude: readonly string[]): string[] {
  const names = exclude.map((pattern) => pattern.replace(/\/+$/, ''));
  return names.some((name) => name.startsWith('!'))
    ? []
    : names.filter((name) => /^[A-Za-z0-9._-]+$/.test(name));
}
