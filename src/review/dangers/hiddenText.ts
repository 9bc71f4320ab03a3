/**
 * Directions, joiners, tags and other characters that change how text reads and are not seen (CVE-2021-42574, "Trojan Source"):
 * what Unicode draws as nothing, format and control characters, separators that no editor shows as such, the braille blank, a
 * carriage return that ends no line. Signs that Unicode counts as format though they are drawn (Arabic, Kaithi) are none.
 */
const HIDDEN = String.raw`[\p{Default_Ignorable_Code_Point}\u2028\u2029\u2800]|(?![\u0600-\u0605\u06dd\u0890\u0891\u08e2\u{110bd}\u{110cd}])\p{Cf}|[\0-\x08\x0b\x0e-\x1f\x7f-\x9f]|\r(?!\n|$)`;
/** Emoji are joined by U+200D, end in one variation selector or tone, flags of regions are made of tags: all are what they look like. */
const ONE = String.raw`\p{Extended_Pictographic}(?:[\ufe0e\ufe0f]|[\u{1f3fb}-\u{1f3ff}])?`;
const EMOJI = String.raw`\u{1f3f4}[\u{e0030}-\u{e0039}\u{e0061}-\u{e007a}]{3,7}\u{e007f}|[0-9#*]\ufe0f\u20e3|(?![\xa9\xae])${ONE}(?:\u200d(?![\xa9\xae])${ONE}){1,9}|${ONE}`;
const EITHER = new RegExp(`(?:${EMOJI})|(${HIDDEN})`, 'gu');
const ANY_HIDDEN = new RegExp(HIDDEN, 'gu');
/**
 * Above either a text with hidden characters has more of them than are compared. Bytes (no editor of ours shows more), and lines
 * and emoji looked at: a guest decides how many there are.
 */
const EXACT_MAX = 5 * 1024 * 1024;
const LOOKED_AT_MAX = 20_000;

/** How many hidden characters a text has. A byte order mark at the start is none. */
export function countHidden(text: string): number {
  let count = 0;
  for (const [, hidden] of withoutMark(text).matchAll(EITHER)) {
    count += hidden === undefined ? 0 : 1;
  }
  return count;
}

/**
 * Whether some line of `after` has hidden characters and is not one that `before` has as it is. Compared line by line: a text that
 * loses harmless ones elsewhere gets no others for it.
 */
export function hidesMore(before: Buffer | undefined, after: Buffer): boolean {
  const text = withoutMark(after.toString('utf8'));
  if (text.search(ANY_HIDDEN) < 0) {
    return false;
  }
  if (after.length > EXACT_MAX) {
    return true;
  }
  const known = new Map<string, number>();
  for (const line of hidingLines(withoutMark(before?.toString('utf8') ?? ''))) {
    if (line !== undefined) {
      known.set(line, (known.get(line) ?? 0) + 1);
    }
  }
  for (const line of hidingLines(text)) {
    const left = line === undefined ? 0 : (known.get(line) ?? 0);
    if (left === 0) {
      return true;
    }
    known.set(line ?? '', left - 1);
  }
  return false;
}

/** Each without its end, so that other line ends change no line. The last is undefined if there are more than are looked at. */
function* hidingLines(text: string): Generator<string | undefined> {
  const budget = { left: LOOKED_AT_MAX };
  for (const { index } of lineMatches(text)) {
    const end = text.indexOf('\n', index);
    const line = text
      .slice(text.lastIndexOf('\n', index) + 1, end < 0 ? text.length : end)
      .replace(/\r$/, '');
    if (hides(line, budget)) {
      yield line;
    }
    if (budget.left <= 0) {
      yield undefined;
      return;
    }
  }
}

/** The first hidden character of each line that has one. */
function* lineMatches(text: string): Generator<{ index: number }> {
  for (let at = 0; ; ) {
    ANY_HIDDEN.lastIndex = at;
    const found = ANY_HIDDEN.exec(text);
    if (!found) {
      return;
    }
    yield found;
    const end = text.indexOf('\n', found.index);
    if (end < 0) {
      return;
    }
    at = end;
  }
}

function hides(line: string, budget: { left: number }): boolean {
  budget.left--;
  for (const [, hidden] of line.matchAll(EITHER)) {
    if (hidden !== undefined || --budget.left <= 0) {
      return true;
    }
  }
  return false;
}

function withoutMark(text: string): string {
  return text.replace(/^\ufeff/, '');
}

/** As git and grep tell it: a NUL in the first 8000 bytes. */
export function isBinary(content: Uint8Array): boolean {
  return content.subarray(0, 8000).includes(0);
}
