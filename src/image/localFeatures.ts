import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { BulkheadError } from '../core/errors';
import { fileChunks, listContext } from './buildContext';

/** What a Feature in the repo may have: scripts, not data. */
const MAX_FEATURE_FILES = 5_000;
const MAX_FEATURE_BYTES = 100 * 2 ** 20;

/** The files of a Feature that lies in the repo (`local`, an absolute folder within `within`), in order. @throws BulkheadError `usage` */
export async function featureFiles(local: string, within: string, signal: AbortSignal | undefined) {
  const { folder, entries } = await listContext(local, { signal, within });
  const bytes = entries.reduce((sum, { size }) => sum + size, 0);
  if (entries.length > MAX_FEATURE_FILES || bytes > MAX_FEATURE_BYTES) {
    throw new BulkheadError(
      `${local}: it has ${entries.length} files, ${bytes} bytes: too much for a Feature`,
      {
        kind: 'usage',
        next: 'Make it smaller.',
      },
    );
  }
  return { folder, entries };
}

/** Regular files and folders only: a symlink could lead out of the repo. */
export async function copyFeature(
  local: string,
  within: string,
  to: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { folder, entries } = await featureFiles(local, within, signal);
  await mkdir(to);
  for (const entry of entries) {
    const target = join(to, entry.path);
    if (entry.type === 'directory') {
      await mkdir(target);
    } else if (entry.type === 'file') {
      const file = await open(target, 'wx', (entry.mode & 0o777) | 0o600);
      try {
        for await (const chunk of fileChunks(folder, entry)) {
          await file.writeFile(chunk);
        }
      } finally {
        await file.close();
      }
    }
  }
}
