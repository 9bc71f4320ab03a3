import type { SFTPWrapper } from 'ssh2';
import { withDeadline } from '../core/deadline';
import { BulkheadError, DeadlineError, isCancelled } from '../core/errors';
import { FileError, fileErrorFromStatus } from './fileError';
import type { FileStat, FileType } from './guestFiles';
import type { OpenChannel } from './sharedConnection';

const REQUEST_MS = 30_000;

/** What an SFTP handle is at most (draft-ietf-secsh-filexfer-02, section 4). */
const HANDLE_MAX = 256;

/** One request. `start` calls ssh2, whose callback gets whatever kind of answer the guest chose to send. */
export interface SftpRequest<T> {
  /** A verb, for the error's sentence. */
  what: string;
  path: string;
  start: (sftp: SFTPWrapper, callback: (error: unknown, ...values: unknown[]) => void) => void;
  /** Turns the answer into a checked value, or undefined if it is not what was asked for. */
  check: (...values: unknown[]) => T | undefined;
  signal?: AbortSignal | undefined;
  /** An answer that came after the caller had gone (a handle that must be closed). */
  late?: (value: T) => void;
}

/** One SFTP session. A guest that doesn't answer, or answers nonsense, loses it. */
export class SftpSession {
  private brokenBecause: Error | undefined;
  private readonly onBroken = new Set<(error: Error) => void>();

  constructor(private readonly opened: OpenChannel<SFTPWrapper>) {
    const sftp = opened.channel;
    sftp.on('error', (error: Error) => this.break(error));
    sftp.on('end', () => this.break(new BulkheadError('The VM ended the file session.')));
    sftp.on('close', () => this.break(new BulkheadError('The VM closed the file session.')));
    void opened.connection.closed.then((reason) => this.break(reason));
  }

  get isOpen(): boolean {
    return this.brokenBecause === undefined;
  }

  break(error: Error): void {
    if (this.brokenBecause) {
      return;
    }
    this.brokenBecause = error;
    this.opened.channel.end();
    this.opened.release();
    for (const listener of [...this.onBroken]) {
      listener(error);
    }
  }

  async request<T>(request: SftpRequest<T>): Promise<T> {
    const { what, path } = request;
    try {
      return await withDeadline(
        { what: `The VM's file server (${what})`, ms: REQUEST_MS, signal: request.signal },
        (signal) => this.send(request, signal),
      );
    } catch (error) {
      if (error instanceof DeadlineError) {
        // sftp-server handles one request after the other: what one hangs on, all hang on.
        this.break(error);
      }
      if (isCancelled(error) || error instanceof FileError) {
        throw error;
      }
      throw new FileError('EIO', what, path, error instanceof Error ? error.message : undefined, error);
    }
  }

  private send<T>(request: SftpRequest<T>, signal: AbortSignal): Promise<T> {
    const { what, path } = request;
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => {
        this.onBroken.delete(fail);
        reject(error);
      };
      if (this.brokenBecause) {
        reject(this.brokenBecause);
        return;
      }
      this.onBroken.add(fail);
      const callback = (error: unknown, ...values: unknown[]) => {
        this.onBroken.delete(fail);
        if (error) {
          const code = typeof error === 'object' && 'code' in error ? error.code : undefined;
          reject(fileErrorFromStatus(code, what, path, error));
          return;
        }
        const value = request.check(...values);
        if (value === undefined) {
          const nonsense = new BulkheadError('The VM’s file server gave an answer of the wrong kind.');
          reject(nonsense);
          this.break(nonsense);
        } else if (signal.aborted) {
          request.late?.(value);
          reject(signal.reason);
        } else {
          resolve(value);
        }
      };
      try {
        request.start(this.opened.channel, callback);
      } catch (error) {
        fail(error);
      }
    });
  }

  async open(
    what: string,
    path: string,
    flags: string,
    options: { mode?: number; signal?: AbortSignal | undefined } = {},
  ): Promise<Buffer> {
    return this.request({
      what,
      path,
      signal: options.signal,
      start: (sftp, callback) => {
        const mode = options.mode === undefined ? {} : { mode: options.mode };
        sftp.open(path, flags as 'r', mode, callback);
      },
      check: checkHandle,
      late: (handle) => this.close(handle),
    });
  }

  openDirectory(path: string, signal?: AbortSignal): Promise<Buffer> {
    return this.request({
      what: 'read the folder',
      path,
      signal,
      start: (sftp, callback) => sftp.opendir(path, callback),
      check: checkHandle,
      late: (handle) => this.close(handle),
    });
  }

  stat(path: string, options: { signal?: AbortSignal; followSymlinks?: boolean }): Promise<FileStat> {
    return this.request({
      what: 'look at',
      path,
      signal: options.signal,
      start: (sftp, callback) =>
        options.followSymlinks === false ? sftp.lstat(path, callback) : sftp.stat(path, callback),
      check: checkAttributes,
    });
  }

  readlink(path: string, signal?: AbortSignal): Promise<string> {
    return this.request({
      what: 'read the link',
      path,
      signal,
      start: (sftp, callback) => sftp.readlink(path, callback),
      check: (target) =>
        typeof target === 'string' && target !== '' && target.length <= 4096 && !target.includes('\0')
          ? target
          : undefined,
    });
  }

  /** Renames over whatever file is there (OpenSSH's extension `posix-rename@openssh.com`). */
  posixRename(from: string, to: string, signal?: AbortSignal): Promise<void> {
    return this.done('rename', from, (sftp, done) => sftp.ext_openssh_rename(from, to, done), signal);
  }

  /** Closes a handle without waiting; a failure can change nothing any more. */
  close(handle: Buffer): void {
    void this.request({
      what: 'close',
      path: '',
      start: (sftp, callback) => sftp.close(handle, callback),
      check: () => true,
    }).catch(() => undefined);
  }

  /** Runs a request whose answer is only "done". */
  async done(
    what: string,
    path: string,
    start: SftpRequest<true>['start'],
    signal?: AbortSignal,
  ): Promise<void> {
    await this.request({
      what,
      path,
      signal,
      start,
      check: (...values) => (values.length === 0 || values[0] === undefined ? true : undefined),
    });
  }
}

export function checkHandle(value: unknown): Buffer | undefined {
  return Buffer.isBuffer(value) && value.length > 0 && value.length <= HANDLE_MAX ? value : undefined;
}

/** POSIX file type bits (`S_IFMT`), which SFTP's permissions carry. */
const TYPES = new Map<number, FileType>([
  [0o100000, 'file'],
  [0o040000, 'directory'],
  [0o120000, 'symlink'],
]);

/** Attributes as the guest sent them, checked and clamped; undefined if they are no attributes at all. */
export function checkAttributes(value: unknown): FileStat | undefined {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value) || Array.isArray(value)) {
    return undefined;
  }
  const raw = value as { mode?: unknown; size?: unknown; mtime?: unknown; uid?: unknown; gid?: unknown };
  const mode = natural(raw.mode);
  return {
    type: TYPES.get(mode & 0o170000) ?? 'other',
    size: natural(raw.size),
    mtimeMs: Math.min(natural(raw.mtime), 0xffffffff) * 1000,
    mode: mode & 0o7777,
    uid: natural(raw.uid),
    gid: natural(raw.gid),
  };
}

function natural(value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0)) {
    return 0;
  }
  return Math.min(Math.floor(value), Number.MAX_SAFE_INTEGER);
}
