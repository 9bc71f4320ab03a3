import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { SettingsError } from '../../../src/settings/settingsProblem';

/** A folder with these files (path → text), removed when the test has finished. Its real path. */
export async function workspace(files: Record<string, string | object> = {}): Promise<string> {
  const parent = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-settings-')));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  const folder = join(parent, 'app');
  await mkdir(folder);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

/** The `SettingsError` that the promise rejects with; fails if it resolves or rejects otherwise. */
export async function settingsError(promise: Promise<unknown>): Promise<SettingsError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof SettingsError) {
      return error;
    }
    throw error;
  }
  throw new Error('It was accepted.');
}
