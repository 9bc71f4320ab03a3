import { basename } from 'node:path';
import type { Grants } from './asks';
import type { BulkheadSettings } from './bulkheadSchema';
import { defaultGuestFolder } from './guestFolder';
import { askedLayers, type Layers, pick, repoLayers } from './layers';
import { DEFAULT_ORIGIN, type Origins, originIn, originOf } from './origin';
import { resolveAsked } from './resolveAsked';
import type { Remedy, SettingsPath, SettingsProblem } from './settingsProblem';
import { type AcceleratorChoice, LIFECYCLE_HOOKS, type WorkspaceSpec } from './workspaceSpec';

const GIB = 1024 ** 3;

/** What a folder that says nothing gets. */
export const DEFAULTS = {
  image: 'debian:trixie-slim',
  cpus: 2,
  memoryBytes: 2 * GIB,
  diskBytes: 20 * GIB,
  idleTimeoutMs: 30 * 60_000,
} as const;

type Resolved = Omit<WorkspaceSpec, 'image' | 'sources'>;

export interface Resolution {
  spec: Resolved;
  problems: SettingsProblem[];
  /** What works and will surprise; in `spec.warnings` too. */
  hints: SettingsProblem[];
  /** Of every value but the image. */
  origins: Origins;
}

/** Merges the layers and refuses what is not built yet. `folder` is a real path. */
export function resolveSpec(folder: string, layers: Layers, grants: Grants = {}): Resolution {
  const asked = askedLayers(layers);
  const all = [...asked, layers.user];
  const problems: SettingsProblem[] = [];
  const { devcontainer, user } = layers;
  const warnings = [...(devcontainer?.warnings ?? [])];
  const hints: SettingsProblem[] = [];
  const origins: Origins = new Map();
  /** The strongest layer's value, whose origin is kept. */
  const value = <T>(path: SettingsPath, read: (settings: BulkheadSettings) => T | undefined) => {
    const found = pick(all, read);
    origins.set(path.join('.'), found ? originOf(found.layer, path) : DEFAULT_ORIGIN);
    return found?.value;
  };
  /** A value that only devcontainer.json has. */
  const ofDevcontainer = <T>(value: T | undefined, key: string, as = key): T | undefined => {
    const written = devcontainer && value !== undefined;
    origins.set(as, written ? originIn('devcontainer.json', devcontainer.document, [key]) : DEFAULT_ORIGIN);
    return value;
  };

  const later = <T>(
    path: SettingsPath,
    read: (settings: BulkheadSettings) => T | undefined,
    works: T & (string | boolean),
    fix: string,
  ) => {
    const found = pick(all, read);
    origins.set(path.join('.'), found ? originOf(found.layer, path) : DEFAULT_ORIGIN);
    if (found !== undefined && found.value !== works) {
      const message = `${JSON.stringify(found.value)} is not supported yet`;
      const full = [...found.layer.prefix, ...path];
      const remedies: Remedy[] = [
        { kind: 'replace', path: full, value: works },
        { kind: 'remove', path: full },
      ];
      problems.push({ ...found.layer.source.problemAt(full, message, fix), remedies });
    }
  };
  later(['attach'], (settings) => settings.attach, 'files', 'Write "files".');
  const guarded = resolveAsked(folder, layers, grants, { hints, origins });
  const readOnly = pick(all, (settings) => settings.workspace?.readOnly)?.value;
  if (readOnly === true && pick(all, (settings) => settings.workspace?.mode)?.value !== 'mount') {
    const layer = pick(all, (settings) => settings.workspace?.readOnly)?.layer ?? user;
    const path = [...layer.prefix, 'workspace', 'readOnly'];
    const fix = 'Remove it, or leave it: in "copy" mode the machine works on its own copy.';
    hints.push({
      ...layer.source.problemAt(path, 'has no effect', fix),
      severity: 'hint',
      remedies: [{ kind: 'remove', path }],
    });
    warnings.push('workspace.readOnly has no effect: in "copy" mode the machine works on its own copy.');
  }

  const idleTimeout = value(['idleTimeout'], (settings) => settings.idleTimeout) ?? DEFAULTS.idleTimeoutMs;
  /** What the repo or the command line asks for; else the user's default, but not less than `hostRequirements`. */
  const amount = (
    key: 'cpus' | 'memory' | 'disk',
    fallback: number,
    requirement: { key: string; least: number | undefined },
  ) => {
    const inUse = value([key], (settings) => settings[key]) ?? fallback;
    const least = requirement.least ?? 0;
    if (devcontainer && least > inUse && pick(asked, (settings) => settings[key]) === undefined) {
      const path = ['hostRequirements', requirement.key];
      origins.set(key, originIn('devcontainer.json', devcontainer.document, path));
      return least;
    }
    return inUse;
  };
  const atLeast = devcontainer?.atLeast;
  const remoteUser = devcontainer?.remoteUser ?? devcontainer?.containerUser;
  const inferred = devcontainer?.remoteUser === undefined ? devcontainer?.containerUser : undefined;

  const accelerator = acceleratorOf(layers, { warnings, origins });
  const spec: Resolved = {
    folder,
    name: basename(folder) || folder,
    cpus: amount('cpus', DEFAULTS.cpus, { key: 'cpus', least: atLeast?.cpus }),
    memoryBytes: amount('memory', DEFAULTS.memoryBytes, { key: 'memory', least: atLeast?.memoryBytes }),
    diskBytes: amount('disk', DEFAULTS.diskBytes, { key: 'storage', least: atLeast?.diskBytes }),
    accelerator,
    ...guarded,
    attach: 'files',
    onClose: value(['onClose'], (settings) => settings.onClose) ?? 'suspend',
    ...(idleTimeout !== 'never' && { idleTimeoutMs: idleTimeout }),
    ...(remoteUser !== undefined && { remoteUser }),
    ...(inferred !== undefined && { containerUser: inferred }),
    containerEnv: devcontainer?.containerEnv ?? {},
    remoteEnv: devcontainer?.remoteEnv ?? {},
    workspaceFolder:
      ofDevcontainer(devcontainer?.workspaceFolder, 'workspaceFolder') ?? defaultGuestFolder(folder),
    hooks: devcontainer?.hooks ?? {},
    warnings: [...warnings, ...guarded.withheld],
  };
  ofDevcontainer(remoteUser, inferred === undefined ? 'remoteUser' : 'containerUser', 'remoteUser');
  for (const key of ['containerEnv', 'remoteEnv'] as const) {
    ofDevcontainer(Object.keys(spec[key]).length > 0 ? true : undefined, key);
  }
  for (const hook of LIFECYCLE_HOOKS) {
    ofDevcontainer(spec.hooks[hook], hook);
  }
  return { spec, problems, hints, origins };
}

/** Emulation, or whatever works, is less of a wall than the hardware that the user wants: a repo can't choose it over that. */
function acceleratorOf(layers: Layers, report: { warnings: string[]; origins: Origins }): AcceleratorChoice {
  const read = (settings: BulkheadSettings) => settings.accelerator;
  const { commandLine, user } = layers;
  const repo = repoLayers(layers);
  const usual = read(user.settings);
  const asked = pick(repo, read);
  const isWeaker =
    asked !== undefined &&
    (asked.value === 'tcg' || asked.value === 'auto') &&
    (usual === 'kvm' || usual === 'hyperv');
  const found = pick(isWeaker ? [commandLine, user] : [commandLine, ...repo, user], read);
  report.origins.set('accelerator', found ? originOf(found.layer, ['accelerator']) : DEFAULT_ORIGIN);
  if (isWeaker && found?.layer === user) {
    report.warnings.push(
      `accelerator: "${asked.value}" of ${asked.layer.kind} is left out: your own settings say "${usual}".`,
    );
  }
  return found?.value ?? 'auto';
}
