import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { PortEntry } from '../../../src/attach/machinePorts';
import { NewPorts, type PortNotice } from '../../../src/attach/newPorts';
import { RememberedPorts } from '../../../src/attach/rememberedPorts';
import { silentLog } from '../../../src/core/log';
import { fakeMemory } from './memory';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setUp(answer: () => Promise<void> = async () => undefined) {
  const shown: PortNotice[] = [];
  const state = { entries: [] as PortEntry[] };
  const remembered = new RememberedPorts(fakeMemory());
  const make = () =>
    new NewPorts(
      () => state.entries,
      remembered,
      (notice) => {
        shown.push(notice);
        return answer();
      },
      silentLog,
    );
  const listen = (...ports: number[]) => {
    state.entries = ports.map((port) => ({ port, listening: { port, address: 'any' } }));
  };
  return { shown, state, remembered, make, listen };
}

test('a port is told of when it stays, and only once, in a later window too', async () => {
  const { shown, make, listen } = setUp();
  const first = make();
  listen(3000);
  first.look('m');
  first.look('m');
  expect(shown).toEqual([]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(shown).toMatchObject([{ kind: 'one', entry: { port: 3000 } }]);
  first.look('m');
  make().look('m');
  await vi.advanceTimersByTimeAsync(2_000);
  expect(shown).toHaveLength(1);
});

test('a port that is gone again is not told of', async () => {
  const { shown, make, listen } = setUp();
  const ports = make();
  listen(3000);
  ports.look('m');
  listen();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(shown).toEqual([]);
});

test('many at once are one notice', async () => {
  const { shown, make, listen } = setUp();
  const ports = make();
  listen(1, 2, 3, 4, 5);
  ports.look('m');
  await vi.advanceTimersByTimeAsync(2_000);
  expect(shown).toEqual([{ kind: 'many', machineId: 'm', count: 5 }]);
});

test('a guest that opens one port after the other is heard ten times', async () => {
  const { shown, make, listen } = setUp();
  const ports = make();
  for (let port = 1; port <= 100; port++) {
    listen(port);
    ports.look('m');
    await vi.advanceTimersByTimeAsync(2_000);
  }
  expect(shown).toHaveLength(10);
});

test('one at a time; a notice that nobody answers makes way', async () => {
  const { shown, make, listen } = setUp(() => new Promise(() => undefined));
  const ports = make();
  listen(3000, 4000);
  ports.look('m');
  await vi.advanceTimersByTimeAsync(2_000);
  expect(shown).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(shown).toHaveLength(2);
});

test('nothing is said when it is turned off, of a program that talks to itself, or after the end', async () => {
  const { shown, state, remembered, make, listen } = setUp();
  await remembered.setNotices(false);
  const ports = make();
  listen(3000);
  ports.look('m');
  await vi.advanceTimersByTimeAsync(2_000);
  await remembered.setNotices(true);
  state.entries = [{ port: 40_000, listening: { port: 40_000, address: 'loopback' } }];
  ports.look('m');
  await vi.advanceTimersByTimeAsync(2_000);
  listen(5000);
  ports.look('m');
  ports.dispose();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(shown).toEqual([]);
});
