import { constants } from 'node:fs';
import { open, realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { codeOf, messageOf } from '../core/errors';

/** Settings files are small; more than this is not read. */
export const MAX_SETTINGS_BYTES = 1024 ** 2;

/** Why a path of the workspace can't be used, as a clause, and what to do, as a sentence. */
export interface Refusal {
  message: string;
  fix: string;
}

export type FileText = { text: string } | { missing: true } | { refused: Refusal };

/** True if `path` is `folder` or lies in it. Both absolute and without symlinks. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/**
 * Reads a UTF-8 file (a byte order mark is dropped) of the workspace, at most 1 MiB. A symlink that leads out
 * of `folder` (a real path), and anything but a regular file, is refused: its text ends up in error messages.
 */
export async function readWorkspaceFile(folder: string, path: string): Promise<FileText> {
  let real: string;
  try {
    real = await realpath(path);
  } catch (error) {
    return refusalOf(error);
  }
  if (!isInside(folder, real)) {
    return { refused: { message: 'is a symlink that leads out of the workspace', fix: 'Put a file here.' } };
  }
  try {
    // Non-blocking, because opening a FIFO would wait for its writer.
    const file = await open(
      real,
      constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
    );
    try {
      if (!(await file.stat()).isFile()) {
        return { refused: { message: 'is not a regular file', fix: 'Put a file here.' } };
      }
      const buffer = Buffer.alloc(MAX_SETTINGS_BYTES + 1);
      let length = 0;
      while (length < buffer.length) {
        const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
        if (bytesRead === 0) {
          break;
        }
        length += bytesRead;
      }
      if (length > MAX_SETTINGS_BYTES) {
        return { refused: { message: 'is larger than 1 MiB', fix: 'Make it smaller.' } };
      }
      return decoded(buffer.subarray(0, length));
    } finally {
      await file.close();
    }
  } catch (error) {
    return refusalOf(error);
  }
}

function decoded(bytes: Uint8Array): FileText {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { refused: { message: 'is not UTF-8 text', fix: 'Save it as UTF-8.' } };
  }
}

function refusalOf(error: unknown): FileText {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? { missing: true }
    : { refused: { message: `can't be read: ${messageOf(error)}`, fix: 'Make it readable.' } };
}

export type InsidePath = { path: string } | { refused: Refusal };

/**
 * The real path of `written` (as it stands in a settings file, relative to `base`), which must exist as the
 * wanted kind and lie in `folder`, symlinks followed. `folder` and `base` are absolute; `folder` is a real path.
 */
export async function resolveInside(
  folder: string,
  base: string,
  written: string,
  kind: 'file' | 'directory',
): Promise<InsidePath> {
  const outside: InsidePath = {
    refused: { message: 'leads out of the workspace', fix: 'Write a path inside the workspace folder.' },
  };
  if (isAbsolute(written) || /^(?:[a-zA-Z]:|[\\/])/.test(written)) {
    return {
      refused: { message: 'is an absolute path', fix: 'Write a relative path inside the workspace folder.' },
    };
  }
  const wanted = resolve(base, written);
  if (!isInside(folder, wanted)) {
    return outside;
  }
  try {
    const path = await realpath(wanted);
    if (!isInside(folder, path)) {
      return outside;
    }
    const found = await stat(path);
    if (kind === 'file' ? found.isFile() : found.isDirectory()) {
      return { path };
    }
    const noun = kind === 'file' ? 'a regular file' : 'a folder';
    return { refused: { message: `is not ${noun}`, fix: `Name ${noun}.` } };
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? { refused: { message: 'does not exist', fix: `Create it, or name a ${kind} that exists.` } }
      : { refused: { message: `can't be read: ${messageOf(error)}`, fix: 'Make it readable.' } };
  }
}
