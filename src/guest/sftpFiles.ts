import { Readable, Writable } from 'node:stream';
import { withDeadline } from '../core/deadline';
import type { Disposable } from '../core/disposables';
import { CancelledError } from '../core/errors';
import type { Log } from '../core/log';
import type { WaitOptions } from '../machine/hypervisor';
import { temporaryBeside, writeAtomic } from './atomicWrite';
import { listEntries } from './directoryListing';
import { FileError, isFileError } from './fileError';
import type { Guest } from './guest';
import type { DirectoryEntry, FileStat, GuestFiles } from './guestFiles';
import { checkGuestPath } from './guestPath';
import { SftpSession } from './sftpSession';
import { HandleWriter, readHandle } from './sftpTransfer';
import type { SharedConnection } from './sharedConnection';
import { runTreeTool } from './treeTools';
import { watchGuest } from './watch';

const ENTRIES_MAX = 200_000;
const FILE_MAX = 256 * 1024 * 1024;
/** For one whole folder or file, however slowly each answer comes: the largest take some two minutes under emulation. */
const WHOLE_MS = 600_000;
/** Longer than what it is made of: the connection's deadline (120 s) and a channel's (60 s). */
const SESSION_MS = 200_000;

/** Files in the guest over SFTP as one account. The session is opened when needed, and again after it broke. */
export class SftpFiles implements GuestFiles, Disposable {
  private opening: Promise<SftpSession> | undefined;
  private disposed = false;

  constructor(
    private readonly guest: Guest,
    private readonly connection: SharedConnection,
    private readonly user: string | undefined,
    private readonly toolsFolder: string,
    private readonly log: Log,
  ) {}

  async ready(options: WaitOptions = {}): Promise<void> {
    await this.session(options.signal);
  }

  /** A guest that never opens the session keeps nobody who has gone. */
  private session(signal?: AbortSignal): Promise<SftpSession> {
    return withDeadline({ what: 'A file session with the VM', ms: SESSION_MS, signal }, () =>
      this.sharedSession(),
    );
  }

  private async sharedSession(): Promise<SftpSession> {
    if (this.disposed) {
      throw new CancelledError('The file session was closed');
    }
    const current = this.opening;
    if (current !== undefined) {
      const session = await current.catch(() => undefined);
      if (session?.isOpen) {
        return session;
      }
      if (this.opening !== current) {
        return this.sharedSession();
      }
    }
    // Not bound to the first caller's signal: others share it.
    const opening = this.connection.openSftp(this.user, {}).then((opened) => new SftpSession(opened));
    this.opening = opening;
    opening.catch(() => {
      if (this.opening === opening) {
        this.opening = undefined;
      }
    });
    return opening;
  }

  async stat(path: string, options: WaitOptions & { followSymlinks?: boolean } = {}): Promise<FileStat> {
    const checked = checkGuestPath(path);
    const session = await this.session(options.signal);
    return session.stat(checked, options);
  }

  async readDirectory(
    path: string,
    options: WaitOptions & { limit?: number } = {},
  ): Promise<DirectoryEntry[]> {
    const folder = checkGuestPath(path);
    const limit = options.limit ?? ENTRIES_MAX;
    const session = await this.session(options.signal);
    let handle: Buffer;
    try {
      handle = await session.openDirectory(folder, options.signal);
    } catch (error) {
      throw await this.explain(error, 'read the folder', folder, async () => {
        return (await this.stat(folder, options)).type === 'directory' ? undefined : 'ENOTDIR';
      });
    }
    try {
      return await withDeadline(
        { what: 'The listing of a folder', ms: WHOLE_MS, signal: options.signal },
        (signal) => listEntries(session, handle, folder, { limit, signal, log: this.log }),
      );
    } finally {
      session.close(handle);
    }
  }

  async readFile(path: string, options: WaitOptions & { maxBytes?: number } = {}): Promise<Buffer> {
    const checked = checkGuestPath(path);
    const maxBytes = options.maxBytes ?? FILE_MAX;
    return withDeadline(
      { what: 'The reading of a file', ms: WHOLE_MS, signal: options.signal },
      async (signal) => {
        const chunks: Buffer[] = [];
        let length = 0;
        for await (const chunk of this.read(checked, maxBytes, signal)) {
          length += chunk.length;
          if (length > maxBytes) {
            throw tooBig(checked, maxBytes);
          }
          chunks.push(chunk);
        }
        return Buffer.concat(chunks, length);
      },
    );
  }

  createReadStream(path: string): Readable {
    return Readable.from(this.read(checkGuestPath(path), Number.MAX_SAFE_INTEGER, undefined), {
      objectMode: false,
      highWaterMark: 1024 * 1024,
    });
  }

  private async *read(
    path: string,
    maxBytes: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Buffer> {
    // Looked at first: opening a FIFO would block the guest's file server for everybody.
    const { type, size } = await this.stat(path, { ...(signal && { signal }) });
    if (type === 'directory') {
      throw new FileError('EISDIR', 'read', path);
    }
    if (type !== 'file') {
      throw new FileError('EIO', 'read', path, 'not a regular file');
    }
    if (size > maxBytes) {
      throw tooBig(path, maxBytes);
    }
    const session = await this.session(signal);
    const handle = await session.open('read', path, 'r', { signal });
    try {
      // A size of 0 says nothing: files in /proc have it.
      yield* readHandle(session, handle, path, { ...(size > 0 && { sizeHint: size }), signal });
    } finally {
      session.close(handle);
    }
  }

  createWriteStream(path: string, options: { mode?: number } = {}): Writable {
    const checked = checkGuestPath(path);
    let session: SftpSession | undefined;
    let handle: Buffer | undefined;
    let writer: HandleWriter | undefined;
    const open = async () => {
      session = await this.session();
      handle = await session.open('write', checked, 'w', options);
      writer = new HandleWriter(session, handle, checked);
    };
    const close = () => {
      if (session && handle) {
        session.close(handle);
        handle = undefined;
      }
    };
    return new Writable({
      construct: (callback) => void open().then(() => callback(), callback),
      write: (chunk: Buffer, _encoding, callback) =>
        void writer?.write(chunk).then(() => callback(), callback),
      final: (callback) => void writer?.finish().then(() => callback(), callback),
      destroy: (error, callback) => {
        close();
        callback(error);
      },
    });
  }

  async writeFileAtomic(
    path: string,
    content: Uint8Array,
    options: WaitOptions & { mode?: number } = {},
  ): Promise<void> {
    const session = await this.session(options.signal);
    await writeAtomic(session, checkGuestPath(path), content, options, this.log);
  }

  async createDirectory(path: string, options: WaitOptions = {}): Promise<void> {
    const checked = checkGuestPath(path);
    const session = await this.session(options.signal);
    try {
      await session.done(
        'create the folder',
        checked,
        (sftp, done) => sftp.mkdir(checked, done),
        options.signal,
      );
    } catch (error) {
      throw await this.explain(error, 'create the folder', checked, async () =>
        (await this.exists(checked, options)) ? 'EEXIST' : undefined,
      );
    }
  }

  async rename(from: string, to: string, options: WaitOptions & { overwrite?: boolean } = {}): Promise<void> {
    const source = checkGuestPath(from);
    const target = checkGuestPath(to);
    const session = await this.session(options.signal);
    try {
      if (options.overwrite) {
        await session.posixRename(source, target, options.signal);
      } else {
        // OpenSSH's plain rename never replaces: link + unlink for files, a check for the rest.
        await session.done(
          'rename',
          source,
          (sftp, done) => sftp.rename(source, target, done),
          options.signal,
        );
      }
    } catch (error) {
      throw await this.explain(error, 'rename', source, async () => {
        const there = await this.exists(target, options);
        if (there && !options.overwrite) {
          return 'EEXIST';
        }
        return there?.type === 'directory' ? 'ENOTEMPTY' : undefined;
      });
    }
  }

  async remove(path: string, options: WaitOptions & { recursive?: boolean } = {}): Promise<void> {
    const checked = checkGuestPath(path);
    const { type } = await this.stat(checked, { ...options, followSymlinks: false });
    if (type !== 'directory') {
      const session = await this.session(options.signal);
      await session.done('delete', checked, (sftp, done) => sftp.unlink(checked, done), options.signal);
    } else if (options.recursive) {
      // One call in the guest instead of thousands of round trips; rm never follows a symlink.
      await runTreeTool(this.guest, [`${this.toolsFolder}/busybox`, 'rm', '-rf', '--', checked], {
        what: 'delete',
        path: checked,
        user: this.user,
        signal: options.signal,
      });
    } else {
      await this.removeEmpty(checked, options);
    }
  }

  private async removeEmpty(path: string, options: WaitOptions): Promise<void> {
    const session = await this.session(options.signal);
    try {
      await session.done('delete', path, (sftp, done) => sftp.rmdir(path, done), options.signal);
    } catch (error) {
      throw await this.explain(error, 'delete', path, async () =>
        (await this.readDirectory(path, options)).length > 0 ? 'ENOTEMPTY' : undefined,
      );
    }
  }

  async copy(from: string, to: string, options: WaitOptions & { overwrite?: boolean } = {}): Promise<void> {
    const source = checkGuestPath(from);
    const target = checkGuestPath(to);
    await this.stat(source, { ...options, followSymlinks: false });
    const there = await this.exists(target, options);
    if (there && !options.overwrite) {
      throw new FileError('EEXIST', 'copy to', target);
    }
    const temporary = temporaryBeside(target);
    const tool = { what: 'copy', path: source, user: this.user, signal: options.signal };
    try {
      await runTreeTool(
        this.guest,
        [`${this.toolsFolder}/busybox`, 'cp', '-a', '--', source, temporary],
        tool,
      );
      if (there?.type === 'directory') {
        await this.remove(target, { ...options, recursive: true });
      }
      await this.rename(temporary, target, options);
    } catch (error) {
      await this.remove(temporary, { recursive: true }).catch(() => undefined);
      throw error;
    }
  }

  async readlink(path: string, options: WaitOptions = {}): Promise<string> {
    const checked = checkGuestPath(path);
    const session = await this.session(options.signal);
    return session.readlink(checked, options.signal);
  }

  watch(
    path: string,
    options: { recursive: boolean; excludes: string[] },
    listener: Parameters<GuestFiles['watch']>[2],
  ): Disposable {
    const root = checkGuestPath(path);
    return watchGuest(
      { guest: this.guest, files: this, user: this.user, toolsFolder: this.toolsFolder, log: this.log },
      root,
      options,
      listener,
    );
  }

  private async exists(path: string, options: WaitOptions): Promise<FileStat | undefined> {
    try {
      return await this.stat(path, { ...options, followSymlinks: false });
    } catch (error) {
      if (isFileError(error, 'ENOENT')) {
        return undefined;
      }
      throw error;
    }
  }

  /** SFTP says only "failure": looks why, and keeps the first error if looking finds nothing. */
  private async explain(
    error: unknown,
    what: string,
    path: string,
    look: () => Promise<FileError['code'] | undefined>,
  ): Promise<unknown> {
    if (!isFileError(error, 'EIO', 'ENOENT')) {
      return error;
    }
    const code = await look().catch(() => undefined);
    return code ? new FileError(code, what, path, undefined, error) : error;
  }

  dispose(): void {
    this.disposed = true;
    this.opening?.then(
      (session) => session.break(new CancelledError('The file session was closed')),
      () => undefined,
    );
  }
}

function tooBig(path: string, maxBytes: number): FileError {
  return new FileError('EFBIG', 'read', path, `it has more than ${maxBytes} bytes`);
}
