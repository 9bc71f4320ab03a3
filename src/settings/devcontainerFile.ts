import { opendir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf } from '../core/errors';
import { type DevcontainerResult, parseDevcontainerFile } from './devcontainer';
import { plainSource, type SettingsProblem } from './settingsProblem';
import { isInside, readWorkspaceFile } from './workspacePath';

/** More entries than this in `.devcontainer/` are not looked at. */
const MAX_ENTRIES = 1000;

/** `several`: which of the files it should be is for somebody to say, so none is read. */
export type FoundDevcontainer =
  | (DevcontainerResult & { path: string })
  | { several: SettingsProblem }
  | undefined;

/**
 * Reads the folder's devcontainer.json where the specification puts it: `.devcontainer/devcontainer.json`, else
 * `.devcontainer.json`, else `.devcontainer/<folder>/devcontainer.json`. `folder` is a real path.
 */
export async function readDevcontainer(folder: string): Promise<FoundDevcontainer> {
  const parent = join(folder, '.devcontainer');
  for (const path of [join(parent, 'devcontainer.json'), join(folder, '.devcontainer.json')]) {
    const result = await readOne(folder, path);
    if (result !== undefined) {
      return result;
    }
  }
  const found: (DevcontainerResult & { path: string })[] = [];
  const names = await subfolders(folder, parent);
  if ('refused' in names) {
    return {
      path: parent,
      problems: [plainSource(parent).problemAt([], names.refused, 'Make it readable.')],
    };
  }
  for (const name of names.names) {
    const result = await readOne(folder, join(parent, name, 'devcontainer.json'));
    if (result !== undefined) {
      found.push(result);
    }
    if (found.length > 1) {
      const message = 'several folders here have a devcontainer.json';
      const fix = 'Keep one, or write "image" or "build" into .bulkhead.json.';
      return { several: plainSource(parent).problemAt([], message, fix) };
    }
  }
  return found[0];
}

async function readOne(
  folder: string,
  path: string,
): Promise<(DevcontainerResult & { path: string }) | undefined> {
  const file = await readWorkspaceFile(folder, path);
  if ('missing' in file) {
    return undefined;
  }
  if ('refused' in file) {
    const { message, fix } = file.refused;
    return { path, problems: [plainSource(path).problemAt([], message, fix)] };
  }
  return { path, ...parseDevcontainerFile(path, file.text, folder) };
}

async function subfolders(
  folder: string,
  parent: string,
): Promise<{ names: string[] } | { refused: string }> {
  try {
    if (!isInside(folder, await realpath(parent))) {
      return { refused: 'is a symlink that leads out of the workspace' };
    }
    const names: string[] = [];
    for await (const entry of await opendir(parent)) {
      names.push(entry.name);
      if (names.length >= MAX_ENTRIES) {
        break;
      }
    }
    return { names: names.sort() };
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' || code === 'ENOTDIR'
      ? { names: [] }
      : { refused: `can't be read: ${messageOf(error)}` };
  }
}
