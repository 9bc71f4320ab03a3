import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import { loadOrCreateIdentity } from '../guest/identity';
import type { BuiltImage } from '../image/builtImage';
import type { MachineInfo, MachineSpec } from '../machine/hypervisor';
import { GUEST_PROXY_ENV } from '../network/guestProxy';
import { sizeText } from '../settings/repairs';
import type { ImageSource, NetworkMode, WorkspaceSpec } from '../settings/workspaceSpec';
import type { Opening } from './opening';
import { shareSpec, workspaceText } from './shareSpec';
import { wait } from './wait';

/** All that the hypervisor needs: the settings within what the Engine's host has, the image's environment, the keys. */
export async function machineSpec(
  opening: Opening,
  image: BuiltImage,
  system: Pick<MachineSpec, 'diskKey' | 'imageId' | 'imageReference' | 'generation'>,
  before: MachineInfo | undefined,
  networkMode: NetworkMode,
): Promise<MachineSpec> {
  const { services, id, spec, warnings, options } = opening;
  const { engine } = await services.connect(wait(options));
  const kit = await services.kit(wait(options));
  const identity = await loadOrCreateIdentity(services.data.identity(id), id);
  if (spec.cpus > engine.ncpu) {
    warnings.push(
      `${spec.cpus} CPUs were asked for; the Engine's host has ${engine.ncpu}, and the machine gets those.`,
    );
  }
  const user = spec.remoteUser ?? (image.user === '' ? 'root' : image.user);
  const share = await shareSpec(opening, image, user);
  return {
    ...system,
    id,
    name: spec.name,
    folder: spec.folder,
    cpus: Math.min(spec.cpus, engine.ncpu),
    memoryBytes: spec.memoryBytes,
    // A disk grows; it never shrinks under what is on it.
    diskBytes: Math.max(spec.diskBytes, before?.diskBytes ?? 0),
    accelerator: spec.accelerator,
    networkMode,
    user,
    workspaceFolder: spec.workspaceFolder,
    onClose: spec.onClose,
    specHash: `${opening.settingsHash}-${hashOf([system.diskKey, system.generation, user, kit.hash, ...(share ? [share] : [])])}`,
    ...(share && { share }),
    guest: {
      hostname: hostName(spec.name),
      env: { ...GUEST_PROXY_ENV, ...image.env, ...spec.containerEnv },
      user,
      workspaceFolder: spec.workspaceFolder,
      hostKey: identity.hostKey,
      authorizedKey: identity.authorizedKey,
      ...(share && { share: { readOnly: share.readOnly } }),
    },
  };
}

/** What needs a new container when it changes, as text for people. */
export type RestartSettings = ReturnType<typeof restartSettings>;

export function restartSettings(spec: WorkspaceSpec) {
  const { image } = spec;
  return {
    image: image.kind === 'image' ? image.reference : describeBuild(spec.folder, image),
    cpus: String(spec.cpus),
    memory: sizeText(spec.memoryBytes),
    disk: sizeText(spec.diskBytes),
    accelerator: spec.accelerator,
    remoteUser: spec.remoteUser ?? "the image's user",
    workspaceFolder: spec.workspaceFolder,
    workspace: workspaceText(spec.workspace),
  };
}

function describeBuild(folder: string, image: Exclude<ImageSource, { kind: 'image' }>): string {
  if (image.kind === 'devcontainer') {
    return relative(folder, image.configFile);
  }
  const { args, target } = image;
  const details = [
    ...(target === undefined ? [] : [`target ${target}`]),
    ...Object.entries(args).map(([name, value]) => `${name}=${value}`),
  ];
  const file = relative(folder, image.dockerfile);
  return details.length === 0 ? file : `${file} (${details.join(', ').slice(0, 200)})`;
}

/** Over what needs a new container when it changes: not the hooks, the ports or what the editor does. */
export function settingsHash(spec: WorkspaceSpec): string {
  const { image, cpus, memoryBytes, diskBytes, accelerator, remoteUser, workspaceFolder } = spec;
  const { workspace } = spec;
  return hashOf([
    image,
    cpus,
    memoryBytes,
    diskBytes,
    accelerator,
    remoteUser,
    workspaceFolder,
    // What is copied counts at the next copy; a machine from before there were mounts has the hash of a copy.
    ...(workspace.mode === 'copy' ? [] : [workspaceText(workspace)]),
  ]);
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

/** A host name (RFC 1123 label) from a folder's name. */
function hostName(name: string): string {
  const label = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return label || 'vm';
}
