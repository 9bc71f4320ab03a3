import { basename } from 'node:path';
import type { SettingsLayer } from './bulkheadFile';
import type { BulkheadSettings } from './bulkheadSchema';
import type { Devcontainer } from './devcontainer';
import { defaultGuestFolder } from './guestFolder';
import { machineId } from './machineId';
import type { SettingsPath, SettingsProblem } from './settingsProblem';
import type { NetworkMode, WorkspaceSpec } from './workspaceSpec';

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

/** Merges the layers and refuses what is not built yet. `folder` is a real path. */
export function resolveSpec(folder: string, layers: Layers): { spec: Resolved; problems: SettingsProblem[] } {
  const asked = askedLayers(layers);
  const all = [...asked, layers.user];
  const problems: SettingsProblem[] = [];
  const { devcontainer, user } = layers;
  const warnings = [...(devcontainer?.warnings ?? [])];
  const value = <T>(read: (settings: BulkheadSettings) => T | undefined) => pick(all, read)?.value;

  const later = <T>(
    path: SettingsPath,
    read: (settings: BulkheadSettings) => T | undefined,
    works: T,
    fix: string,
  ) => {
    const found = pick(all, read);
    if (found !== undefined && found.value !== works) {
      const message = `${JSON.stringify(found.value)} is not supported yet`;
      problems.push(found.layer.source.problemAt([...found.layer.prefix, ...path], message, fix));
    }
  };
  later(['workspace', 'mode'], (settings) => settings.workspace?.mode, 'copy', 'Write "copy".');
  later(['ssh', 'forwardAgent'], (settings) => settings.ssh?.forwardAgent, false, 'Write false.');
  later(['attach'], (settings) => settings.attach, 'files', 'Write "files".');
  if (value((settings) => settings.workspace?.readOnly) === true) {
    warnings.push('workspace.readOnly has no effect: in "copy" mode the machine works on its own copy.');
  }

  const idleTimeout = value((settings) => settings.idleTimeout) ?? DEFAULTS.idleTimeoutMs;
  /** What the repo or the command line asks for; else the user's default, but not less than `hostRequirements`. */
  const amount = (
    read: (settings: BulkheadSettings) => number | undefined,
    fallback: number,
    atLeast: number | undefined,
  ) => pick(asked, read)?.value ?? Math.max(read(user.settings) ?? fallback, atLeast ?? 0);
  const atLeast = devcontainer?.atLeast;
  const remoteUser = devcontainer?.remoteUser ?? devcontainer?.containerUser;
  const inferred = devcontainer?.remoteUser === undefined ? devcontainer?.containerUser : undefined;

  const spec: Resolved = {
    folder,
    name: basename(folder) || folder,
    cpus: amount((settings) => settings.cpus, DEFAULTS.cpus, atLeast?.cpus),
    memoryBytes: amount((settings) => settings.memory, DEFAULTS.memoryBytes, atLeast?.memoryBytes),
    diskBytes: amount((settings) => settings.disk, DEFAULTS.diskBytes, atLeast?.diskBytes),
    accelerator: value((settings) => settings.accelerator) ?? 'auto',
    network: resolveNetwork(folder, all, user, problems, warnings),
    workspace: {
      mode: 'copy',
      readOnly: false,
      exclude: value((settings) => settings.workspace?.exclude) ?? [],
    },
    attach: 'files',
    forwardPorts: value((settings) => settings.forwardPorts) ?? devcontainer?.forwardPorts ?? [],
    ssh: { forwardAgent: false },
    onClose: value((settings) => settings.onClose) ?? 'suspend',
    ...(idleTimeout !== 'never' && { idleTimeoutMs: idleTimeout }),
    ...(remoteUser !== undefined && { remoteUser }),
    ...(inferred !== undefined && { containerUser: inferred }),
    containerEnv: devcontainer?.containerEnv ?? {},
    remoteEnv: devcontainer?.remoteEnv ?? {},
    workspaceFolder: devcontainer?.workspaceFolder ?? defaultGuestFolder(folder),
    hooks: devcontainer?.hooks ?? {},
    warnings,
  };
  return { spec, problems };
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
  problems: SettingsProblem[],
  warnings: string[],
): WorkspaceSpec['network'] {
  const found = pick(layers, askedMode);
  if (found?.value === 'full') {
    const granted = !found.layer.fromRepo || askedMode(user.settings) === 'full';
    if (!granted) {
      warnings.push(
        `The workspace asks for network.mode "full", which only you can turn on: run \`bulkhead net ${machineId(folder)} full\`, or use the status bar. Until then the machine has no network.`,
      );
    }
    return { mode: granted ? 'full' : 'none', allow: [] };
  }
  const allowed = pick(layers, (settings) => settings.network?.allow);
  if (found?.value === 'allowlist' && allowed !== undefined && allowed.value.length > 0) {
    const { source, prefix } = allowed.layer;
    const fix = 'Remove the hosts; the network is then shut until you open it yourself.';
    problems.push(
      source.problemAt([...prefix, 'network', 'allow'], 'an allowlist is not supported yet', fix),
    );
  }
  return { mode: 'none', allow: [] };
}
