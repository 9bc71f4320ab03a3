/**
 * A line that opens or closes a conflict as git writes it: seven of the character, then a space or the line's end. The one
 * between is left out: it underlines headings too.
 */
const MARKER = /^(?:<{7}|>{7})(?: |\r?$)/m;

/** Whether somebody has left a conflict as it was. */
export function hasConflictMarkers(text: string): boolean {
  return MARKER.test(text);
}

/**
 * Where a merge begins: the whole file as one conflict. VS Code's merge editor sees the markers and begins with what merges by
 * itself; in a plain editor both sides are there to work on.
 */
export function unmerged(host: string, guest: string, labels: { host: string; guest: string }): string {
  const lines = (text: string) => (text === '' || text.endsWith('\n') ? text : `${text}\n`);
  return `<<<<<<< ${labels.host}\n${lines(host)}=======\n${lines(guest)}>>>>>>> ${labels.guest}\n`;
}
