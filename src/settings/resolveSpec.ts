import { basename } from 'node:path';
import type { SettingsLayer } from './bulkheadFile';
import type { BulkheadSettings } from './bulkheadSchema';
import type { Devcontainer } from './devcontainer';
import { defaultGuestFolder } from './guestFolder';
import { machineId } from './machineId';
import { DEFAULT_ORIGIN, type Origin, type Origins, originIn, originOf } from './origin';
import type { Remedy, SettingsPath, SettingsProblem } from './settingsProblem';
import { LIFECYCLE_HOOKS, type NetworkMode, type WorkspaceSpec } from './workspaceSpec';

const GIB = 1024 ** 3;

/** What a folder that says nothing gets. */
export const DEFAULTS = {
  image: 'debian:trixie-slim',
  cpus: 2,
  memoryBytes: 2 * GIB,
  diskBytes: 20 * GIB,
  idleTimeoutMs: 30 * 60_000,
} as const;

/** Where each value comes from, strongest first; `user` is the weakest. */
export interface Layers {
  commandLine: SettingsLayer;
  bulkheadFile?: SettingsLayer;
  devcontainer?: Devcontainer;
  user: SettingsLayer;
}

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
export function resolveSpec(folder: string, layers: Layers): Resolution {
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
  later(['workspace', 'mode'], (settings) => settings.workspace?.mode, 'copy', 'Write "copy".');
  later(['ssh', 'forwardAgent'], (settings) => settings.ssh?.forwardAgent, false, 'Write false.');
  later(['attach'], (settings) => settings.attach, 'files', 'Write "files".');
  if (value(['workspace', 'readOnly'], (settings) => settings.workspace?.readOnly) === true) {
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

  const spec: Resolved = {
    folder,
    name: basename(folder) || folder,
    cpus: amount('cpus', DEFAULTS.cpus, { key: 'cpus', least: atLeast?.cpus }),
    memoryBytes: amount('memory', DEFAULTS.memoryBytes, { key: 'memory', least: atLeast?.memoryBytes }),
    diskBytes: amount('disk', DEFAULTS.diskBytes, { key: 'storage', least: atLeast?.diskBytes }),
    accelerator: value(['accelerator'], (settings) => settings.accelerator) ?? 'auto',
    network: resolveNetwork(folder, all, user, { problems, hints, warnings, origins }),
    workspace: {
      mode: 'copy',
      readOnly: false,
      exclude: value(['workspace', 'exclude'], (settings) => settings.workspace?.exclude) ?? [],
    },
    attach: 'files',
    forwardPorts:
      value(['forwardPorts'], (settings) => settings.forwardPorts) ??
      ofDevcontainer(devcontainer?.forwardPorts, 'forwardPorts') ??
      [],
    ssh: { forwardAgent: false },
    onClose: value(['onClose'], (settings) => settings.onClose) ?? 'suspend',
    ...(idleTimeout !== 'never' && { idleTimeoutMs: idleTimeout }),
    ...(remoteUser !== undefined && { remoteUser }),
    ...(inferred !== undefined && { containerUser: inferred }),
    containerEnv: devcontainer?.containerEnv ?? {},
    remoteEnv: devcontainer?.remoteEnv ?? {},
    workspaceFolder:
      ofDevcontainer(devcontainer?.workspaceFolder, 'workspaceFolder') ?? defaultGuestFolder(folder),
    hooks: devcontainer?.hooks ?? {},
    warnings,
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

/** The layers that ask for something in particular, strongest first: all but the user's defaults. */
export function askedLayers(layers: Layers): SettingsLayer[] {
  return [layers.commandLine, layers.bulkheadFile, layers.devcontainer?.layer].filter(
    (layer) => layer !== undefined,
  );
}

function pick<T>(
  layers: readonly SettingsLayer[],
  read: (settings: BulkheadSettings) => T | undefined,
): { value: T; layer: SettingsLayer } | undefined {
  for (const layer of layers) {
    const value = read(layer.settings);
    if (value !== undefined) {
      return { value, layer };
    }
  }
  return undefined;
}

function askedMode(settings: BulkheadSettings): NetworkMode | undefined {
  const { mode, allow } = settings.network ?? {};
  return mode ?? (allow !== undefined && allow.length > 0 ? 'allowlist' : undefined);
}

/** A repo may ask for the whole network, but only the user turns it on. */
function resolveNetwork(
  folder: string,
  layers: readonly SettingsLayer[],
  user: SettingsLayer,
  report: Pick<Resolution, 'problems' | 'hints' | 'origins'> & { warnings: string[] },
): WorkspaceSpec['network'] {
  const { problems, hints, warnings, origins } = report;
  const found = pick(layers, askedMode);
  const modePath = found?.layer.settings.network?.mode ? ['network', 'mode'] : ['network', 'allow'];
  const origin: Origin = found ? originOf(found.layer, modePath) : DEFAULT_ORIGIN;
  origins.set('network.mode', origin);
  const allowed = pick(layers, (settings) => settings.network?.allow);
  origins.set('network.allow', allowed ? originOf(allowed.layer, ['network', 'allow']) : DEFAULT_ORIGIN);
  if (found?.value === 'full') {
    const granted = !found.layer.fromRepo || askedMode(user.settings) === 'full';
    if (!granted) {
      const path = [...found.layer.prefix, 'network', 'mode'];
      const fix = 'It is "none" until you turn it on yourself, for example in the status bar.';
      hints.push({
        ...found.layer.source.problemAt(path, 'a workspace does not get "full" by asking', fix),
        severity: 'hint',
        remedies: [
          { kind: 'replace', path, value: 'none' },
          { kind: 'remove', path },
        ],
      });
      origins.set('network.mode', { ...origin, note: 'asks for "full", which only you can turn on' });
      warnings.push(
        `The workspace asks for network.mode "full", which only you can turn on: run \`bulkhead net ${machineId(folder)} full\`, or use the status bar. Until then the machine has no network.`,
      );
    }
    return { mode: granted ? 'full' : 'none', allow: [] };
  }
  if (found?.value === 'allowlist' && allowed !== undefined && allowed.value.length > 0) {
    const { source, prefix } = allowed.layer;
    const fix = 'Remove the hosts; the network is then shut until you open it yourself.';
    const path = [...prefix, 'network', 'allow'];
    problems.push({
      ...source.problemAt(path, 'an allowlist is not supported yet', fix),
      remedies: [{ kind: 'remove', path }],
    });
  } else if (found?.value === 'allowlist') {
    origins.set('network.mode', { ...origin, note: 'an "allowlist" without hosts is "none"' });
  }
  return { mode: 'none', allow: [] };
}
