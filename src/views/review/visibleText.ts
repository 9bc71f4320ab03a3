import { escapeHidden } from '../../core/escapeHidden';

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
  return (
    escapeHidden(cut)
      // U+2060 (word joiner) has no width and breaks the icon's name off from its `$`; for links in notifications alike.
      .replaceAll('$(', '$\u2060(')
      .replaceAll('](', ']\u2060(')
  );
}
