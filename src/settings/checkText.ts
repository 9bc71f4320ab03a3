import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '../core/errors';
import { buildSource } from './buildSource';
import { checkSettings, type SettingsLayer } from './bulkheadFile';
import { type JsonDocument, parseJsonDocument } from './jsonDocument';
import { resolveSpec } from './resolveSpec';
import type { SettingsFileKind } from './settingsFiles';
import {
  inReadingOrder,
  plainSource,
  type Remedy,
  type SettingsPath,
  type SettingsProblem,
} from './settingsProblem';
import { MAX_SETTINGS_BYTES } from './workspacePath';

export interface SettingsText {
  /** For messages, and for where the file lies. */
  path: string;
  text: string;
  kind: SettingsFileKind;
  /** True if `path` is one of this host: then the files that the settings name are looked for. */
  onHost: boolean;
}

const MAX_PROBLEMS = 100;
const CUSTOMIZATIONS = ['customizations', 'bulkhead'];

/**
 * What is wrong with a settings file as it stands in an editor, perhaps not saved: all that would keep a machine from
 * being made, and what would surprise. Syntax errors and keys that stand twice are left to the editor's JSON language,
 * which reports them for every file. Of devcontainer.json only `customizations.bulkhead` is looked at.
 */
export async function checkSettingsText(file: SettingsText): Promise<SettingsProblem[]> {
  if (Buffer.byteLength(file.text) > MAX_SETTINGS_BYTES) {
    return [plainSource(file.path).problemAt([], 'is larger than 1 MiB', 'Make it smaller.')];
  }
  const document = parseJsonDocument(file.path, file.text);
  if (document.problems.length > 0) {
    return [];
  }
  const prefix = file.kind === 'devcontainer' ? CUSTOMIZATIONS : [];
  const value = valueIn(document.value, prefix);
  if (file.kind === 'devcontainer' && value === undefined) {
    return [];
  }
  const problems = await problemsOf(file, document, value, prefix);
  const forbidden = document.oddKeys
    .filter(({ path }) => path.at(-1) === '__proto__' && prefix.every((part, index) => path[index] === part))
    .map(({ problem, path }) => ({ ...problem, remedies: [{ kind: 'remove', path } satisfies Remedy] }));
  return inReadingOrder([...forbidden, ...problems]).slice(0, MAX_PROBLEMS);
}

async function problemsOf(
  file: SettingsText,
  document: JsonDocument,
  value: unknown,
  prefix: SettingsPath,
): Promise<SettingsProblem[]> {
  const kind = file.kind === 'bulkhead' ? '.bulkhead.json' : 'devcontainer.json';
  const where = { kind, prefix, fromRepo: true } as const;
  const checked = checkSettings(value, document, where);
  const problems = 'problems' in checked ? checked.problems : [];
  // What else is wrong is said at once too: looked for in what is left without the wrong values.
  const rest = 'problems' in checked ? withoutWrong(value, problems, prefix) : undefined;
  const good = 'layer' in checked ? checked : checkSettings(rest, document, where);
  if ('problems' in good) {
    return problems;
  }
  const nothing = (label: 'command line' | 'user settings'): SettingsLayer => ({
    settings: {},
    kind: label,
    source: plainSource(label),
    prefix: [],
    fromRepo: false,
  });
  const resolved = resolveSpec(dirname(file.path), {
    commandLine: nothing('command line'),
    bulkheadFile: good.layer,
    user: nothing('user settings'),
  });
  const build = file.onHost ? await buildProblems(file, good.layer) : [];
  return [...problems, ...resolved.problems, ...resolved.hints, ...build];
}

async function buildProblems(
  { path, kind }: SettingsText,
  { settings, source, prefix }: SettingsLayer,
): Promise<SettingsProblem[]> {
  if (settings.build === undefined || settings.image !== undefined) {
    return [];
  }
  const { build } = settings;
  try {
    const folder = await realpath(kind === 'bulkhead' ? dirname(path) : devcontainerFolder(path));
    const result = await buildSource(folder, folder, build, (key, { message, fix }) => {
      const at = [...prefix, 'build', ...(build[key] === undefined ? [] : [key])];
      const remedies: Remedy[] = [{ kind: 'remove', path: at }];
      return { ...source.problemAt(at, message, fix), remedies };
    });
    return 'problems' in result ? result.problems : [];
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      // A text that was never saved, in a folder that is not there.
      return [];
    }
    throw error;
  }
}

/** The workspace that a devcontainer.json belongs to: above `.devcontainer`, or where `.devcontainer.json` lies. */
function devcontainerFolder(path: string): string {
  const parts = path.split(/[\\/]/);
  const index = parts.lastIndexOf('.devcontainer');
  return index === -1 ? dirname(path) : path.slice(0, parts.slice(0, index).join('/').length) || '/';
}

/** A copy of `value` without the keys that the problems are about. */
function withoutWrong(value: unknown, problems: readonly SettingsProblem[], prefix: SettingsPath): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return undefined;
  }
  const copy: unknown = structuredClone(value);
  for (const { remedies } of problems) {
    const [remedy] = remedies ?? [];
    const [head, ...way] = remedy?.path.slice(prefix.length).toReversed() ?? [];
    const parent = valueIn(copy, way.toReversed());
    if (head !== undefined && typeof parent === 'object' && parent !== null && !Array.isArray(parent)) {
      Reflect.deleteProperty(parent, head);
    } else if (Array.isArray(parent) && way[0] !== undefined) {
      // A wrong entry takes its list with it: another one would slip into its place.
      const owner = valueIn(copy, way.slice(1).toReversed());
      if (typeof owner === 'object' && owner !== null) {
        Reflect.deleteProperty(owner, way[0]);
      }
    }
  }
  return copy;
}

function valueIn(value: unknown, path: SettingsPath): unknown {
  let current = value;
  for (const part of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, part)) {
      return undefined;
    }
    current = Reflect.get(current, part);
  }
  return current;
}
