import type { ContainerCreateOptions, HostConfig, MountSettings } from 'dockerode';
import { LAYER_FOLDER, LAYER_VOLUME } from '../../disk/layerStore';
import { workerName } from '../../image/workerName';
import type { Accelerator, MachineSpec } from '../hypervisor';
import { labelsOf, MACHINE_LABEL } from './labels';
import { socketMount } from './shareContainer';

const MIB = 2 ** 20;

/** The kit's `bulkhead` account (guest/Dockerfile). */
const JAIL_UID = 1234;
export const JAIL_USER = `${JAIL_UID}:${JAIL_UID}`;

/**
 * What QEMU needs beside the guest's own memory: its code and buffers, and under TCG the translated code
 * (`tb-size=256` in guest/vmm/qemu.bash). Measured resident sizes are about half of these.
 */
const OVERHEAD_BYTES: Record<Accelerator, number> = { kvm: 256 * MIB, tcg: 640 * MIB, hyperv: 0 };

export function containerName(id: string): string {
  return `bulkhead-${id}`;
}

/** Of a container that takes the other's place as soon as that is gone. No id has a dot. */
export function nextContainerName(id: string): string {
  return `bulkhead-${id}.next`;
}

export function volumeName(id: string): string {
  return `bulkhead-machine-${id}`;
}

/** The container through which a machine's requests leave (network/proxyContainer.ts). */
export function proxyName(id: string): string {
  return `bulkhead-proxy-${id}`;
}

/** Holds the sockets between a machine and its proxy, and the proxy's policy. */
export function proxyVolumeName(id: string): string {
  return `bulkhead-proxy-${id}`;
}

const LAYERS_MOUNT = {
  Type: 'volume',
  Source: LAYER_VOLUME,
  Target: LAYER_FOLDER,
  ReadOnly: true,
} satisfies MountSettings;

function machineMount(id: string): MountSettings {
  return { Type: 'volume', Source: volumeName(id), Target: '/machine' };
}

/** The VMM connects to the proxy's sockets; it can't change what lies beside them. */
function proxyMount(id: string): MountSettings {
  return { Type: 'volume', Source: proxyVolumeName(id), Target: '/proxy', ReadOnly: true };
}

/** `/dev/kvm` for a jail: whether it is passed in, and the group that may open it on the host. */
export interface KvmDevice {
  groupId: number | undefined;
}

/** The walls that every container of ours with a VMM in it has (DESIGN.md, "The jail"). */
export function jail(kvm: KvmDevice | undefined): HostConfig & { CgroupnsMode: 'private' } {
  return {
    NetworkMode: 'none',
    // The Engine's default is the host's where it runs on cgroup v1. Not yet in dockerode's types.
    CgroupnsMode: 'private',
    CapDrop: ['ALL'],
    // The Engine adds its own seccomp profile as long as nothing here turns it off.
    SecurityOpt: ['no-new-privileges'],
    ReadonlyRootfs: true,
    Tmpfs: {
      '/tmp': 'size=64m,mode=1777,nosuid,nodev,noexec',
      // What the guest wrote to its console, for `connect`: a guest that fills it fills nothing else. It has an owner, as runc 1.1
      // forgets the mode at a container's next starts.
      '/console': `size=1m,mode=0700,uid=${JAIL_UID},gid=${JAIL_UID},nosuid,nodev,noexec`,
    },
    // QEMU's threads, and a process for each of the guest's connections to its proxy.
    PidsLimit: 256,
    IpcMode: 'private',
    Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
    // A guest writes to its console as it likes: the log must not fill the host's disk.
    LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } },
    ...(kvm && {
      Devices: [{ PathOnHost: '/dev/kvm', PathInContainer: '/dev/kvm', CgroupPermissions: 'rw' }],
      ...(kvm.groupId !== undefined && { GroupAdd: [String(kvm.groupId)] }),
    }),
  };
}

/** The container that is a machine: QEMU in its jail, the layer store read-only, its own volume, labels that describe it. */
export function machineContainer(
  spec: MachineSpec,
  kitImage: string,
  accelerator: Accelerator,
  kvm: KvmDevice | undefined,
  engineCpus: number,
): ContainerCreateOptions {
  const memory = spec.memoryBytes + OVERHEAD_BYTES[accelerator];
  return {
    name: containerName(spec.id),
    Image: kitImage,
    User: JAIL_USER,
    WorkingDir: '/',
    Hostname: 'vmm',
    StopTimeout: 30,
    Labels: labelsOf(spec, accelerator),
    Env: Object.entries({
      BULKHEAD_ID: spec.id,
      BULKHEAD_ACCELERATOR: accelerator,
      BULKHEAD_CPUS: spec.cpus,
      BULKHEAD_MEMORY_MIB: Math.ceil(spec.memoryBytes / MIB),
      BULKHEAD_DISK_KEY: spec.diskKey,
      BULKHEAD_DISK_BYTES: spec.diskBytes,
      ...(spec.share && { BULKHEAD_SHARE: spec.share.readOnly ? 'ro' : 'rw' }),
    }).map(([name, value]) => `${name}=${value}`),
    HostConfig: {
      ...jail(accelerator === 'kvm' ? kvm : undefined),
      Memory: memory,
      MemorySwap: memory,
      // The Engine refuses more CPUs than it has.
      NanoCpus: Math.min(spec.cpus, engineCpus) * 1e9,
      Mounts: [
        LAYERS_MOUNT,
        machineMount(spec.id),
        proxyMount(spec.id),
        ...(spec.share ? [socketMount(spec.id, true)] : []),
      ],
    },
  };
}

/** A short-lived container of the kit with nothing but (if asked for) one machine's volume and the layers, only to read. */
export function onceContainer(
  kitImage: string,
  command: [string, ...string[]],
  options: { kvm?: KvmDevice; machineId?: string; layers?: boolean; memoryBytes?: number } = {},
): ContainerCreateOptions {
  const memory = options.memoryBytes ?? 128 * MIB;
  return {
    name: workerName('once'),
    Image: kitImage,
    User: JAIL_USER,
    WorkingDir: '/',
    Entrypoint: command,
    Cmd: [],
    Labels: { 'bulkhead.worker': 'once' },
    HostConfig: {
      ...jail(options.kvm),
      Memory: memory,
      MemorySwap: memory,
      Mounts: [
        ...(options.machineId === undefined ? [] : [machineMount(options.machineId)]),
        ...(options.layers ? [LAYERS_MOUNT] : []),
      ],
    },
  };
}

/** Filter for `GET /containers/json` and `GET /volumes`. */
export const MACHINE_FILTER = { label: [MACHINE_LABEL] };
