import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DiskUse, ResourceListener, ResourceSample } from '../../../../src/app';
import { silentLog } from '../../../../src/core/log';
import { DetailReader } from '../../../../src/views/machines/detailReader';
import { MAX_GLANCES, ResourceGlances } from '../../../../src/views/machines/resourceGlances';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('disk use is read once while it is fresh, and again when the state has changed', async () => {
  let reads = 0;
  const reader = new DetailReader({
    diskUse: async () => {
      reads++;
      return { upperBytes: reads } as DiskUse;
    },
    ports: async () => [],
  });
  const heard: string[] = [];
  reader.onDidChange(({ id, detail }) => heard.push(`${id} ${detail}`));
  reader.wantDisk('a');
  reader.wantDisk('a');
  expect(reader.disk('a')).toBeUndefined();
  await vi.advanceTimersByTimeAsync(0);
  expect(reader.disk('a')).toEqual({ value: { upperBytes: 1 } });
  reader.expire('a');
  expect(reader.disk('a')).toBeDefined();
  reader.wantDisk('a');
  await vi.advanceTimersByTimeAsync(0);
  expect(reads).toBe(2);
  expect(heard).toEqual(['a disk', 'a disk']);
});

test('a reading that fails is an answer', async () => {
  const reader = new DetailReader({
    diskUse: async () => Promise.reject(new Error('no store')),
    ports: async () => [{ port: 80, address: 'any' }],
  });
  reader.wantDisk('a');
  reader.wantPorts('a');
  await vi.advanceTimersByTimeAsync(0);
  expect(reader.disk('a')).toMatchObject({ failure: { message: 'no store' } });
  expect(reader.ports('a')).toEqual({ value: [{ port: 80, listening: { port: 80, address: 'any' } }] });
});

test('few machines are sampled, only while they are followed', () => {
  const watched = new Map<string, ResourceListener>();
  const glances = new ResourceGlances(
    {
      watchResources: (id, listener) => {
        watched.set(id, listener);
        return { dispose: () => void watched.delete(id) };
      },
    },
    silentLog,
  );
  glances.follow(Array.from({ length: 50 }, (_, n) => `m${n}`));
  expect([...watched.keys()]).toEqual(['m0', 'm1', 'm2'].slice(0, MAX_GLANCES));
  const sample = { at: 1 } as ResourceSample;
  watched.get('m1')?.onSample(sample);
  expect(glances.get('m1')).toBe(sample);
  const old = watched.get('m0');
  glances.follow(['m1']);
  expect([...watched.keys()]).toEqual(['m1']);
  old?.onSample(sample);
  expect(glances.get('m0')).toBeUndefined();
  watched.get('m1')?.onEnd(new Error('stopped'));
  expect(glances.get('m1')).toBeUndefined();
  glances.dispose();
});
