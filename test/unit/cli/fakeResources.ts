import type { App, ResourceListener, ResourceSample } from '../../../src/app';

export function fakeSample(changes: Partial<ResourceSample> = {}): ResourceSample {
  return {
    at: 1,
    host: {
      at: 1,
      vcpuPercent: [98.1, 3],
      cpuPercent: 103.2,
      memoryBytes: 612 * 2 ** 20,
      memoryLimitBytes: 2 ** 31,
      upperDiskBytes: 5 * 2 ** 20,
      readBytesPerSecond: 1536,
      writeBytesPerSecond: 0,
    },
    guest: {
      cpuPercent: [97, 0],
      memory: { totalBytes: 2 ** 30, usedBytes: 2 ** 29, cachedBytes: 2 ** 28, freeBytes: 2 ** 28 },
      disk: { sizeBytes: 2 ** 34, usedBytes: 2 ** 33 },
      readBytesPerSecond: 0,
      writeBytesPerSecond: 0,
      network: { receivedBytesPerSecond: 1024, sentBytesPerSecond: 10 },
      processCount: 12,
      processes: [
        { pid: 31, uid: 1000, cpuPercent: 49.5, memoryBytes: 2 ** 20, name: 'node' },
        { pid: 1, uid: 0, cpuPercent: 0, memoryBytes: 2 ** 10, name: 'init', kit: true },
      ],
    },
    ...changes,
  };
}

/** Tells each sample in a turn of its own, then ends with the error if there is one. */
export function fakeWatch(samples: ResourceSample[], end?: Error) {
  const disposed = { count: 0 };
  const watchResources: App['watchResources'] = (_id, listener: ResourceListener) => {
    let live = true;
    void (async () => {
      for (const sample of samples) {
        await new Promise((resolve) => setImmediate(resolve));
        if (live) {
          listener.onSample(sample);
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (live && end) {
        listener.onEnd(end);
      }
    })();
    return {
      dispose: () => {
        live = false;
        disposed.count++;
      },
    };
  };
  return { watchResources, disposed };
}
