/** Directions, joiners, tags and other characters that change how text reads and are not seen (CVE-2021-42574, "Trojan Source"). */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it finds
  /[\u0000-\u0008\u000b\u000e-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|\u034f|[\u180b-\u180d]|[\ufe00-\ufe0f]|[\u{e0000}-\u{e0fff}]/gu;
/** Emoji are joined by U+200D, flags are made of tags: both are what they look like. */
const EMOJI =
  /\p{Extended_Pictographic}(?:[\ufe0f\u{1f3fb}-\u{1f3ff}]|\u200d\p{Extended_Pictographic}|[\u{e0020}-\u{e007f}])*/gu;

/** How many hidden characters a text has. A byte order mark at the start is none. */
export function countHidden(text: string): number {
  if (!HIDDEN.test(text)) {
    HIDDEN.lastIndex = 0;
    return 0;
  }
  HIDDEN.lastIndex = 0;
  return (
    text
      .replace(/^\ufeff/, '')
      .replace(EMOJI, '')
      .match(HIDDEN)?.length ?? 0
  );
}

/** As git and grep tell it: a NUL in the first 8000 bytes. */
export function isBinary(content: Uint8Array): boolean {
  return content.subarray(0, 8000).includes(0);
}
