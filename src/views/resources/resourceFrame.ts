import type { DiskUse, ResourceSample } from '../../app';
import { forLabel } from '../../core/plainText';
import type { MachineInfo } from '../../machine/hypervisor';
import type { Frame, MachineHead, Processes, Space } from './resourceMessages';

/** As many as a machine can have (settings allow 64), with room. */
const MAX_CPUS = 128;
const MAX_PROCESSES = 10;
const MAX_NAME = 80;

/** A sample as the page gets it: bounded once more, so that no guest can make the page hold or draw without end. */
export function frameOf({ at, host, guest }: ResourceSample): Frame {
  return {
    at,
    host: {
      cpus: host.vcpuPercent.slice(0, MAX_CPUS).map(figure),
      cpu: figure(host.cpuPercent),
      memory: figure(host.memoryBytes),
      memoryLimit: figure(host.memoryLimitBytes),
      upper: figure(host.upperDiskBytes),
      read: figure(host.readBytesPerSecond),
      write: figure(host.writeBytesPerSecond),
      ...(host.network && {
        received: figure(host.network.receivedBytesPerSecond),
        sent: figure(host.network.sentBytesPerSecond),
      }),
    },
    ...(guest && {
      guest: {
        cpus: guest.cpuPercent.slice(0, MAX_CPUS).map(figure),
        total: figure(guest.memory.totalBytes),
        used: figure(guest.memory.usedBytes),
        cached: figure(guest.memory.cachedBytes),
        diskSize: figure(guest.disk.sizeBytes),
        diskUsed: figure(guest.disk.usedBytes),
        read: figure(guest.readBytesPerSecond),
        write: figure(guest.writeBytesPerSecond),
        received: figure(guest.network.receivedBytesPerSecond),
        sent: figure(guest.network.sentBytesPerSecond),
      },
    }),
  };
}

export function processesOf({ guest }: ResourceSample): Processes | undefined {
  return (
    guest && {
      count: figure(guest.processCount),
      rows: guest.processes
        .slice(0, MAX_PROCESSES)
        .map(({ pid, name, uid, cpuPercent, memoryBytes, kit }) => ({
          pid: figure(pid),
          name: forLabel(name, MAX_NAME),
          uid: figure(uid),
          cpu: figure(cpuPercent),
          memory: figure(memoryBytes),
          ...(kit && { kit }),
        })),
    }
  );
}

export function headOf(info: MachineInfo): MachineHead {
  const next = info.state === 'suspended' ? 'resume' : STARTABLE.has(info.state) ? 'start' : undefined;
  return {
    id: info.id,
    name: forLabel(info.name, MAX_NAME),
    state: info.state,
    ...(next && { next }),
    ...(info.reason !== undefined && { reason: forLabel(info.reason, 200) }),
    accelerator: info.accelerator,
    cpus: info.cpus,
    memory: info.memoryBytes,
    networkMode: info.networkMode,
  };
}

const STARTABLE = new Set<MachineInfo['state']>(['created', 'stopped', 'failed']);

export function spaceOf(use: DiskUse): Space {
  return {
    shared: use.sharedBytes,
    own: use.ownBytes,
    layers: use.layers.length,
    upper: use.upperBytes,
    upperLimit: use.upperLimitBytes,
    savedMemory: use.savedMemoryBytes,
  };
}

function figure(value: number): number {
  return Number.isFinite(value) && value > 0 ? value : 0;
}
