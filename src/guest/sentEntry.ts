import type { Header } from 'tar-stream';
import type { HostEntry } from './hostTree';

/** One thing exactly as it was sent. */
export interface SentEntry {
  /** Relative to the folder, with `/` between names. */
  path: string;
  type: HostEntry['type'];
  /** 12 permission bits. */
  mode: number;
  /** Bytes of a file, else 0. */
  size: number;
  /** Of a file's bytes, hex. */
  sha256?: string;
  /** Of a symlink. */
  target?: string;
}

/** Without what only the content tells. */
export function describeEntry(entry: HostEntry): SentEntry {
  return { path: entry.path, type: entry.type, mode: modeOf(entry), size: 0 };
}

export function headerOf(entry: HostEntry): Partial<Header> & Pick<Header, 'name'> {
  return {
    name: entry.type === 'directory' ? `${entry.path}/` : entry.path,
    type: entry.type,
    mode: modeOf(entry),
    mtime: entry.stat.mtime,
    uid: 0,
    gid: 0,
  };
}

/** Windows has no modes: everything is 0666 there, and no program could be told from a text. */
function modeOf(entry: HostEntry): number {
  if (process.platform === 'win32') {
    return entry.type === 'directory' ? 0o755 : 0o644;
  }
  return entry.stat.mode & 0o7777;
}
