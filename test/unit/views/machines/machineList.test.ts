import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BulkheadError } from '../../../../src/core/errors';
import type { MachineInfo } from '../../../../src/machine/hypervisor';
import { MachineList } from '../../../../src/views/machines/machineList';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function fakeApp(answers: (() => MachineInfo[])[]) {
  const listeners = new Set<() => void>();
  let calls = 0;
  return {
    listeners,
    calls: () => calls,
    list: async () => {
      const answer = answers[Math.min(calls, answers.length - 1)];
      calls++;
      return answer?.() ?? [];
    },
    onDidChangeMachines: (listener: () => void) => {
      listeners.add(listener);
      return { dispose: () => void listeners.delete(listener) };
    },
  };
}

test('asks nothing before it is visible, and nothing once it is hidden', async () => {
  const app = fakeApp([() => []]);
  const list = new MachineList(app);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(app.calls()).toBe(0);
  expect(app.listeners.size).toBe(0);

  list.setVisible(true);
  await vi.advanceTimersByTimeAsync(0);
  expect(app.calls()).toBe(1);
  expect(list.machines).toEqual([]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(app.calls()).toBe(3);

  list.setVisible(false);
  expect(app.listeners.size).toBe(0);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(app.calls()).toBe(3);
});

test('events while it reads make it read once more, not once each', async () => {
  const app = fakeApp([() => []]);
  const list = new MachineList(app);
  const first = list.refresh();
  void list.refresh();
  void list.refresh();
  await first;
  expect(app.calls()).toBe(2);
});

test('a failure keeps what was known, and goes with the next success', async () => {
  const machine = { id: 'a' } as MachineInfo;
  const app = fakeApp([
    () => [machine],
    () => {
      throw new BulkheadError('No Docker Engine', { kind: 'host' });
    },
    () => [],
  ]);
  const list = new MachineList(app);
  await list.refresh();
  await list.refresh();
  expect(list.failure?.message).toBe('No Docker Engine');
  expect(list.get('a')).toBe(machine);
  await list.refresh();
  expect(list.failure).toBeUndefined();
  expect(list.machines).toEqual([]);
});
