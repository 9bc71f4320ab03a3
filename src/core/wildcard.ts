/**
 * Matches a sequence against a pattern whose only wildcard is a star for any number of items, with one point to go back to:
 * pattern × text steps at most, never exponential. `same` says whether one item of the pattern fits one of the text.
 */
export function matchesWildcard(
  patternLength: number,
  textLength: number,
  isStar: (at: number) => boolean,
  same: (pattern: number, text: number) => boolean,
): boolean {
  let pattern = 0;
  let star = -1;
  let starText = 0;
  for (let text = 0; text < textLength; ) {
    if (pattern < patternLength && isStar(pattern)) {
      star = pattern++;
      starText = text;
    } else if (pattern < patternLength && same(pattern, text)) {
      pattern++;
      text++;
    } else if (star >= 0) {
      pattern = star + 1;
      text = ++starText;
    } else {
      return false;
    }
  }
  while (pattern < patternLength && isStar(pattern)) {
    pattern++;
  }
  return pattern === patternLength;
}
