import { relative } from 'node:path';
import type { Ask } from './asks';
import { DEFAULT_ORIGIN, type Origin, type Origins } from './origin';
import { type ReadWorkspaceOptions, readSettings } from './readWorkspace';
import { type ImageSource, LIFECYCLE_HOOKS, type WorkspaceSpec } from './workspaceSpec';

/** One value that a machine of the folder would be made with, and who says so. */
export interface EffectiveSetting {
  /** Key of `.bulkhead.json`, or of devcontainer.json for what only that has. */
  key: string;
  value: unknown;
  unit?: 'bytes' | 'ms';
  origin: Origin;
}

export interface EffectiveSettings {
  /** Real path of the folder. */
  folder: string;
  settings: EffectiveSetting[];
  /** Absolute paths of the files that were read. */
  sources: string[];
  warnings: string[];
  /** What the folder's files ask for beyond the safe defaults. */
  asks: Ask[];
}

/** Every value that counts for `folder`. @throws as `readWorkspace` */
export async function effectiveSettings(
  folder: string,
  options: ReadWorkspaceOptions = {},
): Promise<EffectiveSettings> {
  const { spec, origins } = await readSettings(folder, options);
  const { sources, warnings, asks } = spec;
  return { folder: spec.folder, settings: listed(spec, origins), sources, warnings, asks };
}

function listed(spec: WorkspaceSpec, origins: Origins): EffectiveSetting[] {
  const row = (key: string, value: unknown, unit?: EffectiveSetting['unit']): EffectiveSetting => ({
    key,
    value,
    ...(unit && { unit }),
    origin: origins.get(key) ?? DEFAULT_ORIGIN,
  });
  const { idleTimeoutMs } = spec;
  return [
    imageRow(spec.folder, spec.image, origins.get('image') ?? DEFAULT_ORIGIN),
    row('cpus', spec.cpus),
    row('memory', spec.memoryBytes, 'bytes'),
    row('disk', spec.diskBytes, 'bytes'),
    row('accelerator', spec.accelerator),
    row('network.mode', spec.network.mode),
    row('network.allow', spec.network.allow),
    row('network.presets', spec.network.presets),
    row('workspace.mode', spec.workspace.mode),
    row('workspace.readOnly', spec.workspace.readOnly),
    row('workspace.exclude', spec.workspace.exclude),
    row('attach', spec.attach),
    row('forwardPorts', spec.forwardPorts),
    row('ssh.forwardAgent', spec.ssh.forwardAgent),
    row('credentials.git', spec.credentials.git),
    row('credentials.env', spec.credentials.env),
    row('onClose', spec.onClose),
    idleTimeoutMs === undefined ? row('idleTimeout', 'never') : row('idleTimeout', idleTimeoutMs, 'ms'),
    // Undefined: the image's own user, which only the image knows.
    row('remoteUser', spec.remoteUser ?? null),
    row('workspaceFolder', spec.workspaceFolder),
    row('containerEnv', spec.containerEnv),
    row('remoteEnv', spec.remoteEnv),
    ...LIFECYCLE_HOOKS.filter((hook) => spec.hooks[hook] !== undefined).map((hook) =>
      row(hook, spec.hooks[hook]?.[0]),
    ),
  ];
}

function imageRow(folder: string, image: ImageSource, origin: Origin): EffectiveSetting {
  switch (image.kind) {
    case 'image':
      return { key: 'image', value: image.reference, origin };
    case 'build': {
      const { args, target } = image;
      const dockerfile = relative(folder, image.dockerfile);
      const context = relative(folder, image.context) || '.';
      return { key: 'build', value: { dockerfile, context, args, ...(target && { target }) }, origin };
    }
    case 'devcontainer':
      return { key: 'build', value: { devcontainer: relative(folder, image.configFile) }, origin };
  }
}
