import { printable } from '../core/log';

/**
 * Text of the guest's for a label that VS Code would draw icons in: `$(name)` stays text, line breaks and control
 * characters are gone. At most `limit` characters.
 */
export function plainLabel(text: string, limit = 300): string {
  // U+2060 (word joiner) has no width and breaks the icon's name off from its `$`.
  return printable(text, limit)
    .replace(/[\n\t]/g, ' ')
    .replaceAll('$(', '$\u2060(');
}
