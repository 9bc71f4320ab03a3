import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { BulkheadError, codeOf, messageOf } from '../core/errors';
import { BULKHEAD_FILE } from './settingsFiles';
import { settingsTemplate } from './settingsTemplate';

/**
 * Writes the template as the folder's `.bulkhead.json`, unless something has that name already: `created` is false then,
 * and nothing was changed.
 */
export async function newSettingsFile(folder: string): Promise<{ path: string; created: boolean }> {
  const path = join(folder, BULKHEAD_FILE);
  try {
    const file = await open(path, 'wx', 0o644);
    try {
      await file.writeFile(settingsTemplate());
    } finally {
      await file.close();
    }
    return { path, created: true };
  } catch (error) {
    if (codeOf(error) === 'EEXIST') {
      return { path, created: false };
    }
    throw new BulkheadError(`Failed to create ${path}: ${messageOf(error)}`, {
      next: 'Check that the folder is there and can be written.',
      cause: error,
    });
  }
}
