/**
 * What a reader would not see, or would see elsewhere than it is: control and format characters (bidirectional overrides),
 * what Unicode says is drawn as nothing (zero-width characters, fillers, variation selectors), line separators, unpaired
 * surrogates, private and unassigned characters, the braille blank, and spaces that are not the plain one.
 */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;

/**
 * A guest's name or line for a label: one line, every character that can be seen as itself and all others by number
 * (`\u{202e}`), so that two different names never look the same for what is not shown. `$(name)` is no icon in it. At most
 * `limit` characters of the name, the end of it kept: that is where a file's type is.
 */
export function visibleText(text: string, limit = 200): string {
  const shown = [...text];
  const cut =
    shown.length > limit
      ? [...shown.slice(0, Math.floor(limit / 2)), '…', ...shown.slice(-Math.ceil(limit / 2))].join('')
      : text;
  const escaped = (character: string) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  return (
    cut
      .replace(HIDDEN, escaped)
      // U+2060 (word joiner) has no width and breaks the icon's name off from its `$`; for links in notifications alike.
      .replaceAll('$(', '$\u2060(')
      .replaceAll('](', ']\u2060(')
  );
}
