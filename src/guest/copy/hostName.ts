/** Names that Windows takes for devices, with any extension (Microsoft, "Naming Files, Paths, and Namespaces"). */
const DEVICES = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufffd]/u;
const WINDOWS_FORBIDDEN = /[<>:"/\\|?*]/;
/** What Windows may have given another file as its short name (8.3): it would be written instead of a new one. */
const SHORT_NAME = /^[^.]*~\d+(?:\.[^.]*)?$/;

/**
 * Whether a name that the guest chose may become a file's name on this computer: one component, nothing that a terminal or a
 * label could be fooled with, nothing that the platform reads as something else. U+FFFD stands for bytes that were no UTF-8.
 */
export function isSafeHostName(name: string, platform: NodeJS.Platform = process.platform): boolean {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || UNPRINTABLE.test(name)) {
    return false;
  }
  if (Buffer.byteLength(name) > 255) {
    return false;
  }
  if (platform !== 'win32') {
    return true;
  }
  const refused = [WINDOWS_FORBIDDEN, DEVICES, SHORT_NAME, /[. ]$/];
  return !refused.some((pattern) => pattern.test(name));
}

/**
 * Whether git on this computer would take the name for a repository: its settings and hooks run programs. As git itself
 * compares (its `is_hfs_dotgit`, `is_ntfs_dotgit`): without case, without what HFS+ ignores, with NTFS' short name.
 */
export function isRepositoryName(name: string): boolean {
  const plain = asGitCompares(name);
  return plain === '.git' || plain === 'git~1' || plain.startsWith('.git:');
}

/** What makes a folder of any name a repository (git's `is_git_directory`): these three, or HEAD and a `commondir`. */
export const BARE_PARTS = ['HEAD', 'objects', 'refs', 'commondir'] as const;
export type BarePart = (typeof BARE_PARTS)[number];

/** Which of them a name could be on some file system. */
export function barePart(name: string): BarePart | undefined {
  const plain = asGitCompares(name).replace(/:.*$/s, '');
  return BARE_PARTS.find((part) => part.toLowerCase() === plain);
}

/** Whether a folder that has these is a repository though it is not called `.git`: git obeys its `config` in it and below it. */
export function isBareRepository(parts: ReadonlySet<BarePart>): boolean {
  return parts.has('HEAD') && (parts.has('commondir') || (parts.has('objects') && parts.has('refs')));
}

function asGitCompares(name: string): string {
  return name
    .replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '')
    .replace(/[. ]+$/, '')
    .toLowerCase();
}
