import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf } from './errors';

/**
 * Writes a file so that a reader sees the old content or the new, never half of it:
 * a temporary file in the same folder, synced, then renamed. `mode` defaults to 0600.
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  options: { mode?: number } = {},
): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = join(folder, `.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', options.mode ?? 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // The temporary file may not exist; the first error is the one that matters.
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
}

/** A text file; empty if there is none. Any other failure is thrown: only a missing file means "nothing yet". */
export async function readTextIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return '';
    }
    throw error;
  }
}
