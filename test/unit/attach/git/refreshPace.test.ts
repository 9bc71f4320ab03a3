import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RefreshPace } from '../../../../src/attach/git/refreshPace';

let active = true;
let runs: (() => void)[] = [];
let pace: RefreshPace;

beforeEach(() => {
  vi.useFakeTimers();
  active = true;
  runs = [];
  pace = new RefreshPace(() => new Promise((resolve) => runs.push(resolve)), {
    settleMs: 300,
    gapMs: 1500,
    isActive: () => active,
  });
});
afterEach(() => {
  pace.dispose();
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('a burst is one run, and the next comes after the gap', async () => {
  for (let n = 0; n < 100; n++) {
    pace.request();
  }
  await pass(299);
  expect(runs).toHaveLength(0);
  await pass(1);
  expect(runs).toHaveLength(1);
  pace.request();
  await pass(10_000);
  // The first still runs.
  expect(runs).toHaveLength(1);
  runs[0]?.();
  await pass(1499);
  expect(runs).toHaveLength(1);
  await pass(1);
  expect(runs).toHaveLength(2);
});

test('while inactive nothing runs, and what was wanted runs once it is active', async () => {
  active = false;
  pace.request();
  await pass(60_000);
  expect(runs).toHaveLength(0);
  active = true;
  pace.resume();
  await pass(300);
  expect(runs).toHaveLength(1);
  runs[0]?.();
  await pass(60_000);
  expect(runs).toHaveLength(1);
});

test('now waits for the run under way, then runs, active or not', async () => {
  pace.request();
  await pass(300);
  active = false;
  let done = false;
  const now = pace.now().then(() => {
    done = true;
  });
  await pass(0);
  expect(runs).toHaveLength(1);
  runs[0]?.();
  await pass(0);
  expect(runs).toHaveLength(2);
  expect(done).toBe(false);
  runs[1]?.();
  await now;
});

test('once disposed it never runs again', async () => {
  pace.request();
  pace.dispose();
  await pass(60_000);
  await pace.now();
  expect(runs).toHaveLength(0);
});
