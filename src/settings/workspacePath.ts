import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { codeOf, messageOf } from '../core/errors';
import { NotInsideError, readSmallFile, TooLargeError } from '../core/regularFile';

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
  let bytes: Buffer;
  try {
    bytes = await readSmallFile(real, MAX_SETTINGS_BYTES, folder);
  } catch (error) {
    if (error instanceof TooLargeError) {
      return { refused: { message: 'is larger than 1 MiB', fix: 'Make it smaller.' } };
    }
    if (error instanceof NotInsideError) {
      return { refused: { message: 'is not a regular file', fix: 'Put a file here.' } };
    }
    return refusalOf(error);
  }
  return decoded(bytes);
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
