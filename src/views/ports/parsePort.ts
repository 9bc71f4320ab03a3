/** A TCP port as a person types it, or undefined if it is none. */
export function parsePort(text: string): number | undefined {
  const digits = /^\s*(\d{1,5})\s*$/.exec(text)?.[1];
  const port = Number(digits);
  return digits !== undefined && port >= 1 && port <= 65_535 ? port : undefined;
}
