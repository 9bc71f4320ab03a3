import { lstat, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { applyEdits } from 'jsonc-parser';
import { BulkheadError, codeOf, messageOf } from '../core/errors';
import { writeFileAtomic } from '../core/files';
import { parseBulkheadFile } from './bulkheadFile';
import { editJsonc, NoPlaceError, newJsonc } from './editJsonc';
import { parseJsonDocument } from './jsonDocument';
import { BULKHEAD_FILE } from './settingsFiles';
import { formatProblem, type SettingsPath } from './settingsProblem';
import { MAX_SETTINGS_BYTES, readWorkspaceFile } from './workspacePath';

/** A file that is made here: like any other of the workspace. */
const NEW_FILE_MODE = 0o644;

let lastEdit: Promise<void> = Promise.resolve();

/**
 * Sets one key of the folder's `.bulkhead.json` (`value` undefined takes it out), keeping comments and formatting;
 * makes the file if there is none. Edits of one process run one after the other.
 * @throws BulkheadError of kind `usage` if the file is a symlink, no file, too large or no JSON, or could not be used after the edit;
 * nothing was changed then
 */
export function setBulkheadSetting(folder: string, path: SettingsPath, value: unknown): Promise<void> {
  const edit = lastEdit.then(() => editFile(folder, path, value));
  lastEdit = edit.catch(() => undefined);
  return edit;
}

async function editFile(folder: string, path: SettingsPath, value: unknown): Promise<void> {
  const refuse = (why: string, next: string, cause?: unknown) =>
    new BulkheadError(`Failed to write ${path.join('.')} into ${join(folder, BULKHEAD_FILE)}: ${why}`, {
      kind: 'usage',
      next,
      cause,
    });
  try {
    const real = await realpath(folder);
    const file = join(real, BULKHEAD_FILE);
    const before = await readSettingsFile(real, file, refuse);
    if (before === undefined) {
      if (value !== undefined) {
        const text = newJsonc(path, value);
        assertUsable(file, text, refuse);
        await writeFileAtomic(file, text, { mode: NEW_FILE_MODE });
      }
      return;
    }
    const after = applyEdits(before.text, editJsonc(before.text, path, value));
    assertReadable(file, after, refuse);
    if (after !== before.text) {
      if (!('problems' in parseBulkheadFile(file, before.text))) {
        assertUsable(file, after, refuse);
      }
      await writeFileAtomic(file, after, { mode: before.mode });
    }
  } catch (error) {
    if (error instanceof BulkheadError) {
      throw error;
    }
    if (error instanceof NoPlaceError) {
      throw refuse(error.message, 'Correct the file first.', error);
    }
    throw refuse(messageOf(error), 'Check that the folder is there and can be written.', error);
  }
}

type Refuse = (why: string, next: string, cause?: unknown) => BulkheadError;

/** The text and the permission bits; undefined if there is no file. */
async function readSettingsFile(
  folder: string,
  file: string,
  refuse: Refuse,
): Promise<{ text: string; mode: number } | undefined> {
  const found = await lstat(file).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') {
      return undefined;
    }
    throw error;
  });
  if (found === undefined) {
    return undefined;
  }
  if (!found.isFile()) {
    throw refuse(
      found.isSymbolicLink() ? 'it is a symlink' : 'it is not a regular file',
      'Put a file there, or edit by hand what it points to.',
    );
  }
  const read = await readWorkspaceFile(folder, file);
  if ('missing' in read) {
    return undefined;
  }
  if ('refused' in read) {
    throw refuse(`it ${read.refused.message}`, read.refused.fix);
  }
  // A file that was made and never filled in.
  const text = read.text.trim() === '' ? '{}\n' : read.text;
  assertReadable(file, text, refuse);
  return { text, mode: found.mode & 0o777 };
}

/** One value that the schema refuses makes the whole file of no use, and all that was granted of it. */
function assertUsable(file: string, text: string, refuse: Refuse): void {
  const result = parseBulkheadFile(file, text);
  const [problem] = 'problems' in result ? result.problems : [];
  if (problem) {
    throw refuse(`the file could not be used any more (${formatProblem(problem)})`, 'Nothing was written.');
  }
}

function assertReadable(file: string, text: string, refuse: Refuse): void {
  const document = parseJsonDocument(file, text);
  const [problem] = [...document.problems, ...document.oddKeys.map((odd) => odd.problem)];
  if (problem) {
    throw refuse(`it can't be read (${formatProblem(problem)})`, 'Correct the file first.');
  }
  if (Buffer.byteLength(text) > MAX_SETTINGS_BYTES) {
    throw refuse('it would be larger than 1 MiB', 'Make it smaller.');
  }
}
