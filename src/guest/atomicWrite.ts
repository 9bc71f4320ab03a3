import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { type Log, printable } from '../core/log';
import type { WaitOptions } from '../machine/hypervisor';
import { FileError, isFileError } from './fileError';
import type { FileStat } from './guestFiles';
import { checkGuestPath, joinGuest } from './guestPath';
import { checkAttributes, type SftpSession } from './sftpSession';
import { HandleWriter } from './sftpTransfer';

/** Linux's own bound on symlinks in one path (path_resolution(7)). */
const LINKS_MAX = 40;

/** A name beside `path` that nobody else uses. */
export function temporaryBeside(path: string): string {
  return joinGuest(posix.dirname(path), `.bulkhead-${randomBytes(6).toString('hex')}.tmp`);
}

/**
 * Replaces a file's content at once: a temporary file in the same folder, synced, then a POSIX rename. Keeps
 * mode and (where it may) owner of the file that was there; a symlink stays, and its target is written.
 */
export async function writeAtomic(
  session: SftpSession,
  path: string,
  content: Uint8Array,
  options: WaitOptions & { mode?: number },
  log: Log,
): Promise<void> {
  const { signal } = options;
  const { target, stat } = await resolveTarget(session, path, signal);
  if (stat?.type === 'directory') {
    throw new FileError('EISDIR', 'write', path);
  }
  if (stat && stat.type !== 'file') {
    throw new FileError('EIO', 'write', path, 'not a regular file');
  }
  const mode = options.mode ?? stat?.mode ?? 0o644;
  const temporary = temporaryBeside(target);
  const handle = await session.open('write', temporary, 'wx', { mode: 0o600, signal });
  try {
    try {
      const writer = new HandleWriter(session, handle, temporary, signal);
      await writer.write(content);
      await writer.finish();
      if (stat) {
        await keepOwner(session, handle, temporary, stat, { signal, log });
      }
      // After the owner: chown clears the set-id bits.
      const bits = mode & 0o7777;
      await session.done('set the mode of', temporary, (s, done) => s.fchmod(handle, bits, done), signal);
      await session.done('sync', temporary, (s, done) => s.ext_openssh_fsync(handle, done), signal);
    } finally {
      session.close(handle);
    }
    await session.posixRename(temporary, target, signal);
  } catch (error) {
    // If the session broke, the temporary file stays; the error that matters is the first.
    await session
      .done('remove', temporary, (s, done) => s.unlink(temporary, done))
      .catch(() => log.debug(`Left behind in the VM: ${printable(temporary, 300)}`));
    throw error instanceof FileError ? new FileError(error.code, 'write', path, undefined, error) : error;
  }
}

/** A file that root edits for somebody stays somebody's; without the right to do so it becomes the writer's. */
async function keepOwner(
  session: SftpSession,
  handle: Buffer,
  path: string,
  before: FileStat,
  options: { signal: AbortSignal | undefined; log: Log },
): Promise<void> {
  const now = await session.request({
    what: 'look at',
    path,
    signal: options.signal,
    start: (sftp, callback) => sftp.fstat(handle, callback),
    check: checkAttributes,
  });
  if (now.uid === before.uid && now.gid === before.gid) {
    return;
  }
  try {
    const { uid, gid } = before;
    await session.done('own', path, (s, done) => s.fchown(handle, uid, gid, done), options.signal);
  } catch (error) {
    if (!isFileError(error, 'EACCES')) {
      throw error;
    }
    options.log.debug(`The owner of ${printable(path, 300)} in the VM could not be kept.`);
  }
}

/** Follows symlinks at the end of the path, so that the link stays and its target is written. */
async function resolveTarget(
  session: SftpSession,
  path: string,
  signal: AbortSignal | undefined,
): Promise<{ target: string; stat: FileStat | undefined }> {
  let target = path;
  for (let links = 0; links <= LINKS_MAX; links++) {
    let stat: FileStat;
    try {
      stat = await session.stat(target, { followSymlinks: false, ...(signal && { signal }) });
    } catch (error) {
      if (isFileError(error, 'ENOENT')) {
        return { target, stat: undefined };
      }
      throw error;
    }
    if (stat.type !== 'symlink') {
      return { target, stat };
    }
    const link = await session.readlink(target, signal);
    // Joined as text, `..` after a linked folder would lead elsewhere than the kernel goes; it decides.
    target = checkGuestPath(link.startsWith('/') ? link : joinGuest(posix.dirname(target), link));
  }
  throw new FileError('EIO', 'write', path, 'too many symbolic links');
}
