import { lstat, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfAborted, withDeadline } from '../core/deadline';
import { BulkheadError, codeOf, messageOf } from '../core/errors';
import type { Grants } from './asks';
import { buildSource, type ImageSourceResult } from './buildSource';
import { checkSettings, readBulkheadFile, type SettingsLayer } from './bulkheadFile';
import { type BulkheadSettings, bulkheadSchema } from './bulkheadSchema';
import { type FoundDevcontainer, readDevcontainer } from './devcontainerFile';
import { devcontainerImage } from './devcontainerImage';
import { askedLayers, type Layers } from './layers';
import { DEFAULT_ORIGIN, type Origin, type Origins, originIn, originOf } from './origin';
import { DEFAULTS, resolveSpec } from './resolveSpec';
import { plainSource, SettingsError, type SettingsProblem } from './settingsProblem';
import type { ImageSource, WorkspaceSpec } from './workspaceSpec';

export interface ReadWorkspaceOptions {
  /**
   * The user's own `bulkhead.*` settings: keys of `.bulkhead.json` (nested or dotted) and `defaultImage`; other
   * keys, `null` and `""` are ignored. They must come from where a repo can't write (not from its `.vscode/`).
   */
  defaults?: Record<string, unknown>;
  /** From the command line: keys of `.bulkhead.json`. */
  overrides?: Record<string, unknown>;
  /** What the user agreed to of what the folder's files ask for. Without it none of that counts. */
  grants?: Grants;
  signal?: AbortSignal;
}

/** Local files only; longer than this is a file system that doesn't answer. */
const DEADLINE_MS = 30_000;

/** What `folder` asks for; see `readSettings`. */
export async function readWorkspace(
  folder: string,
  options: ReadWorkspaceOptions = {},
): Promise<WorkspaceSpec> {
  return (await readSettings(folder, options)).spec;
}

/**
 * Reads what `folder` asks for, and where each value comes from. Command line over `.bulkhead.json` over devcontainer.json's
 * `customizations.bulkhead` over devcontainer.json over the user's settings over built-in defaults.
 * Throws `SettingsError` (kind `usage`) with all problems of all files at once.
 */
export async function readSettings(
  folder: string,
  options: ReadWorkspaceOptions = {},
): Promise<{ spec: WorkspaceSpec; origins: Origins }> {
  return await withDeadline(
    { what: 'Reading the settings', ms: DEADLINE_MS, signal: options.signal },
    async (signal) => {
      const real = await realFolder(folder);
      const file = await readBulkheadFile(real);
      const found = await readDevcontainer(real);
      throwIfAborted(signal);

      const problems: SettingsProblem[] = [];
      const layers: Layers = {
        commandLine: optionLayer(options.overrides ?? {}, 'command line', problems),
        user: optionLayer(userDefaults(options.defaults ?? {}), 'user settings', problems),
      };
      const sources: string[] = [];
      if (file !== undefined) {
        sources.push(file.path);
        if ('problems' in file) {
          problems.push(...file.problems);
        } else {
          layers.bulkheadFile = file.layer;
        }
      }
      if (found !== undefined && 'path' in found) {
        sources.push(found.path);
        if ('problems' in found) {
          problems.push(...found.problems);
        } else {
          layers.devcontainer = found.devcontainer;
        }
      }

      const resolved = resolveSpec(real, layers, options.grants);
      problems.push(...resolved.problems);
      // With a broken file it isn't known which one names the image: to complain about the other would mislead.
      const broken = [file, found].some((result) => result !== undefined && 'problems' in result);
      const image = broken
        ? { problems: [], origin: DEFAULT_ORIGIN }
        : await resolveImage(real, layers, found);
      throwIfAborted(signal);
      if ('problems' in image) {
        problems.push(...image.problems);
      }
      if (problems.length > 0 || 'problems' in image) {
        throw new SettingsError(problems);
      }
      const warnings = [
        ...resolved.spec.warnings,
        ...(await imageWarnings(real, image.image, layers, sources)),
      ];
      const origins: Origins = new Map([['image', image.origin], ...resolved.origins]);
      return { spec: { ...resolved.spec, image: image.image, sources, warnings }, origins };
    },
  );
}

async function realFolder(folder: string): Promise<string> {
  try {
    const real = await realpath(folder);
    if ((await stat(real)).isDirectory()) {
      return real;
    }
  } catch (error) {
    const why = codeOf(error) === 'ENOENT' ? 'it does not exist' : messageOf(error);
    throw folderError(folder, why, error);
  }
  throw folderError(folder, 'it is not a folder', undefined);
}

function folderError(folder: string, why: string, cause: unknown): BulkheadError {
  return new BulkheadError(`Failed to open ${JSON.stringify(folder)}: ${why}`, {
    kind: 'usage',
    next: 'Name a folder that exists.',
    cause,
  });
}

function optionLayer(
  value: unknown,
  kind: 'command line' | 'user settings',
  problems: SettingsProblem[],
): SettingsLayer {
  const source = plainSource(kind);
  const result = checkSettings(value, source, { kind, fromRepo: false });
  if ('layer' in result) {
    return result.layer;
  }
  problems.push(...result.problems);
  return { settings: {}, kind, source, prefix: [], fromRepo: false };
}

/** Keys that make sense only for one workspace. */
const NOT_FOR_USERS: readonly (keyof BulkheadSettings)[] = ['$schema', 'build', 'forwardPorts'];

function userDefaults(defaults: Record<string, unknown>): Record<string, unknown> {
  const nested = new Map<string, unknown>();
  for (const [dotted, value] of Object.entries(defaults)) {
    if (value === undefined || value === null || value === '') {
      continue;
    }
    const [head = '', part] = dotted.split('.', 2);
    const key = head === 'defaultImage' ? 'image' : head;
    const known = Object.hasOwn(bulkheadSchema.shape, key);
    if (!known || NOT_FOR_USERS.some((name) => name === key)) {
      continue;
    }
    const before = nested.get(key);
    nested.set(
      key,
      part === undefined ? value : { ...(typeof before === 'object' ? before : {}), [part]: value },
    );
  }
  return Object.fromEntries(nested);
}

async function resolveImage(
  folder: string,
  layers: Layers,
  found: FoundDevcontainer,
): Promise<ImageSourceResult & { origin: Origin }> {
  for (const layer of askedLayers(layers)) {
    const { settings, source, prefix } = layer;
    if (settings.image !== undefined) {
      const image: ImageSource = { kind: 'image', reference: settings.image };
      return { image, origin: originOf(layer, ['image']) };
    }
    if (settings.build !== undefined) {
      const { build } = settings;
      const result = await buildSource(folder, folder, build, (key, { message, fix }) =>
        source.problemAt([...prefix, 'build', ...(build[key] === undefined ? [] : [key])], message, fix),
      );
      return { ...result, origin: originOf(layer, ['build']) };
    }
  }
  if (found !== undefined && 'several' in found) {
    return { problems: [found.several], origin: DEFAULT_ORIGIN };
  }
  const { devcontainer, user } = layers;
  const image = devcontainer && (await devcontainerImage(folder, devcontainer));
  if (image) {
    const { values, document } = devcontainer;
    const key = (['build', 'dockerFile', 'image'] as const).find((name) => values[name] !== undefined);
    return { ...image, origin: originIn('devcontainer.json', document, [key ?? 'features']) };
  }
  const own = user.settings.image;
  return {
    image: { kind: 'image', reference: own ?? DEFAULTS.image },
    origin: own === undefined ? DEFAULT_ORIGIN : { kind: 'user settings', key: 'defaultImage' },
  };
}

/** What the choice of image leaves out, so that nobody wonders why it isn't there. */
async function imageWarnings(
  folder: string,
  image: ImageSource,
  layers: Layers,
  sources: readonly string[],
): Promise<string[]> {
  const features = Object.keys(layers.devcontainer?.values.features ?? {});
  if (features.length > 0 && image.kind !== 'devcontainer') {
    return ['features of devcontainer.json is left out: the image is named elsewhere.'];
  }
  if (sources.length === 0 && (await exists(join(folder, 'Dockerfile')))) {
    return [
      'The Dockerfile here is not used: write {"build": {"dockerfile": "Dockerfile"}} into .bulkhead.json to boot from it.',
    ];
  }
  return [];
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    // A hint hangs on it, nothing else.
    return false;
  }
}
