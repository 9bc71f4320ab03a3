import type { Readable, Writable } from 'node:stream';
import type { Disposable } from '../core/disposables';
import type { WaitOptions } from '../machine/hypervisor';

export type FileType = 'file' | 'directory' | 'symlink' | 'other';

/** Checked and clamped: `size` is a safe integer ≥ 0 (bytes), `mtimeMs` ms since the epoch, `mode` 12 permission bits. */
export interface FileStat {
  type: FileType;
  size: number;
  mtimeMs: number;
  mode: number;
  uid: number;
  gid: number;
}

export interface DirectoryEntry extends FileStat {
  /** Never empty, `.`, `..`, and never with `/` or NUL: such answers are dropped and logged. */
  name: string;
}

/** Why a file operation failed, for callers that branch on it. */
export type FileErrorCode =
  | 'ENOENT'
  | 'EACCES'
  | 'EEXIST'
  | 'ENOTDIR'
  | 'EISDIR'
  | 'ENOTEMPTY'
  | 'EFBIG'
  | 'EIO';

export interface FileChange {
  /** Absolute guest path. */
  path: string;
  kind: 'created' | 'changed' | 'deleted';
}

/** Files in the guest. Paths are absolute POSIX paths. Everything that comes back is untrusted and bounded. */
export interface GuestFiles {
  /** `followSymlinks` defaults to true (like `stat`); false is `lstat`. */
  stat(path: string, options?: WaitOptions & { followSymlinks?: boolean }): Promise<FileStat>;
  /** At most `limit` entries (default 200,000); more is EFBIG. */
  readDirectory(path: string, options?: WaitOptions & { limit?: number }): Promise<DirectoryEntry[]>;
  /** The whole file; EFBIG over `maxBytes` (default 256 MiB) whatever `stat` claimed. */
  readFile(path: string, options?: WaitOptions & { maxBytes?: number }): Promise<Buffer>;
  createReadStream(path: string): Readable;
  createWriteStream(path: string, options?: { mode?: number }): Writable;
  /** Temp file in the same folder, then a POSIX rename; keeps the mode of a file that was there, follows a symlink to its target. */
  writeFileAtomic(
    path: string,
    content: Uint8Array,
    options?: WaitOptions & { mode?: number },
  ): Promise<void>;
  createDirectory(path: string, options?: WaitOptions): Promise<void>;
  /** `overwrite` replaces a file that is there; else EEXIST. */
  rename(from: string, to: string, options?: WaitOptions & { overwrite?: boolean }): Promise<void>;
  remove(path: string, options?: WaitOptions & { recursive?: boolean }): Promise<void>;
  copy(from: string, to: string, options?: WaitOptions & { overwrite?: boolean }): Promise<void>;
  readlink(path: string, options?: WaitOptions): Promise<string>;
  /**
   * Watches by the kit's inotifywait in the guest. Changes come in batches, debounced; `onOverflow` when
   * the guest sends more than can be reported one by one (look at everything again).
   */
  watch(
    path: string,
    options: { recursive: boolean; excludes: string[] },
    listener: { onChanges(changes: FileChange[]): void; onOverflow(): void; onError(error: Error): void },
  ): Disposable;
}
