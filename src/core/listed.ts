/** `a, b and 3 more`: at most `most` of the values; `more` says how many are not named, in the language of the reader. */
export function listed(
  values: readonly string[],
  most: number,
  more: (shown: string, rest: number) => string = (shown, rest) => `${shown} and ${rest} more`,
): string {
  const shown = values.slice(0, most).join(', ');
  const rest = values.length - most;
  return rest > 0 ? more(shown, rest) : shown;
}
