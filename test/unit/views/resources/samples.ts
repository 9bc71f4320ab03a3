import type { ResourceSample } from '../../../../src/app';
import { frameOf } from '../../../../src/views/resources/resourceFrame';
import type { Frame } from '../../../../src/views/resources/resourceMessages';

/** A machine with two CPUs at `at` (ms), whose figures are all different. */
export function sampleAt(at: number, changes: Partial<ResourceSample> = {}): ResourceSample {
  return {
    at,
    host: {
      at,
      vcpuPercent: [40, 10],
      cpuPercent: 55,
      memoryBytes: 500,
      memoryLimitBytes: 1000,
      upperDiskBytes: 70,
      readBytesPerSecond: 11,
      writeBytesPerSecond: 12,
    },
    guest: {
      cpuPercent: [39, 9],
      memory: { totalBytes: 900, usedBytes: 300, cachedBytes: 200, freeBytes: 400 },
      disk: { sizeBytes: 5000, usedBytes: 60 },
      readBytesPerSecond: 13,
      writeBytesPerSecond: 14,
      network: { receivedBytesPerSecond: 15, sentBytesPerSecond: 16 },
      processCount: 57,
      processes: [{ pid: 812, name: 'sh', uid: 0, cpuPercent: 38, memoryBytes: 1200 }],
    },
    ...changes,
  };
}

export const frameAt = (at: number, changes: Partial<ResourceSample> = {}): Frame =>
  frameOf(sampleAt(at, changes));
