import { printable } from '../core/log';

/**
 * Text from elsewhere (a repo's names, a build's lines, an error's words) for a notification: VS Code makes links, even of
 * commands, of `[text](target)` in those.
 */
export function messageText(text: string, limit = 1000): string {
  return printable(text, limit).replaceAll('](', '] (');
}

/** A machine's or a folder's name for a notification, a quick pick or a status-bar item: one line, and no `$(icon)` of its own. */
export function nameText(name: string): string {
  return messageText(name, 120).replace(/\s+/g, ' ').trim().replaceAll('$(', '$ (');
}
