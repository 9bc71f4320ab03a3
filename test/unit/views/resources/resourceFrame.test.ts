import { expect, test } from 'vitest';
import { frameOf, headOf, processesOf, spaceOf } from '../../../../src/views/resources/resourceFrame';
import { INFO } from '../../attach/attachApp';
import { sampleAt } from './samples';

test('has every figure in its place', () => {
  expect(frameOf(sampleAt(5))).toEqual({
    at: 5,
    host: {
      cpus: [40, 10],
      cpu: 55,
      memory: 500,
      memoryLimit: 1000,
      upper: 70,
      read: 11,
      write: 12,
    },
    guest: {
      cpus: [39, 9],
      total: 900,
      used: 300,
      cached: 200,
      diskSize: 5000,
      diskUsed: 60,
      read: 13,
      write: 14,
      received: 15,
      sent: 16,
    },
  });
  expect(processesOf(sampleAt(5))).toEqual({
    count: 57,
    rows: [{ pid: 812, name: 'sh', uid: 0, cpu: 38, memory: 1200 }],
  });
});

test('a network that the host measures is there, a silent guest is not', () => {
  const { host } = sampleAt(5);
  const network = { receivedBytesPerSecond: 1, sentBytesPerSecond: 2 };
  const sample = { at: 5, host: { ...host, network } };
  expect(frameOf(sample)).toMatchObject({ host: { received: 1, sent: 2 } });
  expect(frameOf(sample)).not.toHaveProperty('guest');
  expect(processesOf(sample)).toBeUndefined();
});

test('a guest can neither flood the page nor put escapes or lines into it', () => {
  const sample = sampleAt(5);
  const { guest } = sample;
  if (!guest) {
    throw new Error('no guest');
  }
  const [process] = guest.processes;
  const name = `\u001b[31m\u202e<img src=x onerror=alert(1)>\n${'x'.repeat(500)}`;
  const hostile = {
    ...sample,
    guest: {
      ...guest,
      cpuPercent: Array.from({ length: 5000 }, () => Number.NaN),
      processCount: Number.POSITIVE_INFINITY,
      processes: Array.from({ length: 5000 }, () => ({
        pid: -1,
        uid: 0,
        cpuPercent: 1,
        memoryBytes: 1,
        ...process,
        name,
      })),
    },
  };
  const cpus = frameOf(hostile).guest?.cpus;
  expect(cpus).toHaveLength(128);
  expect(cpus?.[0]).toBe(0);
  const processes = processesOf(hostile);
  expect(processes?.count).toBe(0);
  expect(processes?.rows).toHaveLength(10);
  expect(processes?.rows[0]?.name).toMatch(/^<img src=x onerror=alert\(1\)> x+…$/);
  expect(processes?.rows[0]?.name.length).toBeLessThan(90);
});

test('says what can be done with a machine that does not run', () => {
  expect(headOf({ ...INFO, state: 'suspended' })).toMatchObject({ name: 'app', next: 'resume' });
  expect(headOf({ ...INFO, state: 'stopped', reason: 'killed\nby hand' })).toMatchObject({
    next: 'start',
    reason: 'killed by hand',
  });
  for (const state of ['running', 'starting', 'suspending', 'stopping', 'gone'] as const) {
    expect(headOf({ ...INFO, state })).not.toHaveProperty('next');
  }
});

test('disk use loses nothing that is shown', () => {
  const layers = [{ diffId: 'a', bytes: 1, machines: 2 }];
  const use = { layers, sharedBytes: 1, ownBytes: 2, upperBytes: 3, upperLimitBytes: 4, savedMemoryBytes: 5 };
  expect(spaceOf(use)).toEqual({ layers: 1, shared: 1, own: 2, upper: 3, upperLimit: 4, savedMemory: 5 });
});
