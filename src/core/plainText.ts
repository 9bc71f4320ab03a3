import { printable } from './log';

/** U+2060 (word joiner): no width, no meaning, and what it stands in is no markup any more. */
const BREAK = '\u2060';

/**
 * Text of a guest, a repo or an image for a notification, where VS Code makes links, even of commands, of `[text](target)`:
 * without any, at most `limit` characters.
 */
export function forMessage(text: string, limit = 1000): string {
  return printable(text, limit).replaceAll('](', `]${BREAK}(`);
}

/** The same for a label, a row, a title or a name within a sentence: one line, and no icon (`$(name)`) of its own either. */
export function forLabel(text: string, limit = 120): string {
  return forMessage(text.replace(/\s+/g, ' ').trim(), limit).replaceAll('$(', `$${BREAK}(`);
}

/** The same for a line of a terminal, which knows neither links nor icons: the name as it is, on one line. */
export function forTerminal(text: string, limit = 200): string {
  return printable(text.replace(/[\n\t\v\f]+/g, ' '), limit);
}
