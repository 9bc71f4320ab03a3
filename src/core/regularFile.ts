import { constants, existsSync, type Stats } from 'node:fs';
import { type FileHandle, open, readdir, readlink } from 'node:fs/promises';
import { sep } from 'node:path';

/** Linux names an open file or folder here, by where it really lies. */
const OPEN_FILES = '/proc/self/fd';
const anchored = process.platform === 'linux' && existsSync(OPEN_FILES);
/** Windows has neither flag. */
const NOFOLLOW = constants.O_NOFOLLOW ?? 0;
const NONBLOCK = constants.O_NONBLOCK ?? 0;

/** A file has more bytes than are read. */
export class TooLargeError extends Error {
  constructor(maxBytes: number) {
    super(`has more than ${maxBytes} bytes`);
    this.name = 'TooLargeError';
  }
}

/** What was opened is not what was asked for: no regular file, or one that does not lie in the folder. */
export class NotInsideError extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'NotInsideError';
  }
}

/**
 * Opens a regular file for reading: never through a symlink at its end (where the platform can refuse that), and never hanging
 * on a FIFO that took its place. With `within` (a real path) also never, on Linux, through a folder on the way that was swapped
 * for a symlink out of it: what counts is where the file lies that was opened, not what the path said before.
 * @throws NotInsideError, or a Node system error
 */
export async function openRegularFile(
  path: string,
  within?: string,
): Promise<{ file: FileHandle; stat: Stats }> {
  const file = await open(path, constants.O_RDONLY | NOFOLLOW | NONBLOCK);
  try {
    const stat = await file.stat();
    if (!stat.isFile()) {
      throw new NotInsideError('not a regular file any more');
    }
    await assertWithin(file, within);
    return { file, stat };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * The names in a folder, sorted, under the same conditions.
 * @throws NotInsideError, or a Node system error
 */
export async function readFolder(path: string, within: string): Promise<string[]> {
  if (!anchored) {
    return (await readdir(path)).sort();
  }
  const folder = await open(path, constants.O_RDONLY | NOFOLLOW | constants.O_DIRECTORY);
  try {
    await assertWithin(folder, within);
    return (await readdir(`${OPEN_FILES}/${folder.fd}`)).sort();
  } finally {
    await folder.close();
  }
}

/** All of a small file, under the same conditions. @throws TooLargeError, NotInsideError, or a Node system error */
export async function readSmallFile(path: string, maxBytes: number, within?: string): Promise<Buffer> {
  const { file } = await openRegularFile(path, within);
  try {
    const buffer = Buffer.alloc(maxBytes + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
      if (bytesRead === 0) {
        return buffer.subarray(0, length);
      }
      length += bytesRead;
    }
    throw new TooLargeError(maxBytes);
  } finally {
    await file.close();
  }
}

async function assertWithin(opened: FileHandle, within: string | undefined): Promise<void> {
  if (within === undefined || !anchored) {
    return;
  }
  const real = await readlink(`${OPEN_FILES}/${opened.fd}`);
  if (real !== within && !real.startsWith(within.endsWith(sep) ? within : `${within}${sep}`)) {
    throw new NotInsideError('leads out of the folder');
  }
}
