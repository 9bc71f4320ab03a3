import { printable } from './log';

/** Text of a guest or a repo for a label: one line, nothing that VS Code would take for an icon (`$(name)`). */
export function plainLine(text: string, limit = 200): string {
  return printable(text.replace(/\s+/g, ' ').trim(), limit).replaceAll('$(', '$ (');
}
