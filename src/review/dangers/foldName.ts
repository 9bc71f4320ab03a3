/** What HFS+ ignores in a name (git, utf8.c, `next_hfs_char`), and other characters that show as nothing. */
const IGNORED =
  /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]|\u034f|[\u180b-\u180d]|[\ufe00-\ufe0f]|[\u{e0000}-\u{e0fff}]/gu;

/**
 * One name as the most forgiving file system would compare it: case, Unicode composition and width, ignored characters, NTFS'
 * trailing dots and spaces and its streams. Two names with the same folded form may be one file somewhere.
 */
export function foldName(name: string): string {
  return (
    name
      .replace(IGNORED, '')
      .normalize('NFKC')
      // Down first: ẞ has no upper case of its own, its lower case ß has (SS).
      .toLowerCase()
      .toUpperCase()
      .toLowerCase()
      .normalize('NFKC')
      .replace(/:.*$/s, '')
      .replace(/[. ]+$/, '')
  );
}

/** The names of a path, each folded. */
export function foldPath(path: string): string {
  return path.split('/').map(foldName).join('/');
}

/** NTFS' short names (8.3) of what the rules name; git's `is_ntfs_dot_generic` treats its own the same way. */
const SHORT_NAMES: [RegExp, string][] = [
  [/^git~\d$/, '.git'],
  [/^(?:gitmod~\d|gi7eba~\d)(?:\..*)?$/, '.gitmodules'],
  [/^(?:gitatt~\d|gi7d29~\d)(?:\..*)?$/, '.gitattributes'],
  [/^vscode~\d$/, '.vscode'],
  [/^idea~\d$/, '.idea'],
  [/^devcon~\d$/, '.devcontainer'],
  [/^devcon~\d\.jso$/, '.devcontainer.json'],
  [/^github~\d$/, '.github'],
  [/^bulkhe~\d\.jso$/, '.bulkhead.json'],
  [/^husky~\d$/, '.husky'],
];

/** A folded name, with a short name replaced by the long one that it stands for. */
export function longName(folded: string): string {
  return SHORT_NAMES.find(([short]) => short.test(folded))?.[1] ?? folded;
}
