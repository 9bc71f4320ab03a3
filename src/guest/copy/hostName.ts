/** Names that Windows takes for devices, with any extension (Microsoft, "Naming Files, Paths, and Namespaces"). */
const DEVICES = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029\ufffd]/u;
const WINDOWS_FORBIDDEN = /[<>:"/\\|?*]/;

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
  return platform !== 'win32' || !(WINDOWS_FORBIDDEN.test(name) || DEVICES.test(name) || /[. ]$/.test(name));
}

/**
 * Whether git on this computer would take the name for a repository: its settings and hooks run programs. As git itself
 * compares (its `is_hfs_dotgit`, `is_ntfs_dotgit`): without case, without what HFS+ ignores, with NTFS' short name.
 */
export function isRepositoryName(name: string): boolean {
  const plain = name
    .replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '')
    .replace(/[. ]+$/, '')
    .toLowerCase();
  return plain === '.git' || plain === 'git~1' || plain.startsWith('.git:');
}
