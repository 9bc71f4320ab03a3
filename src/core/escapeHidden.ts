/**
 * What a reader would not see, or would see elsewhere than it is: control and format characters (bidirectional overrides),
 * what Unicode says is drawn as nothing (zero-width characters, fillers, variation selectors), line separators, unpaired
 * surrogates, private and unassigned characters, the braille blank, and spaces that are not the plain one.
 */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;

/** One line of somebody else's: every character that can be seen as itself, all others by number (`\u{202e}`). */
export function escapeHidden(text: string): string {
  return text.replace(HIDDEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
