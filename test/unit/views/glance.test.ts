import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { HostListener } from '../../../src/app';
import { silentLog } from '../../../src/core/log';
import type { HostSample } from '../../../src/machine/hypervisor';
import { Glance } from '../../../src/views/glance';
import { glanceText } from '../../../src/views/glanceText';
import { sampleAt } from './resources/samples';

const l10n = {
  t: (message: string, ...values: (string | number)[]) =>
    message.replace(/\{(\d)\}/g, (_, index: string) => String(values[Number(index)])),
};
const sample = (cpuPercent: number): HostSample => ({ ...sampleAt(0).host, cpuPercent });

let watchers: { id: string; listener: HostListener }[];
let shown: number[][];
let glance: Glance;

beforeEach(() => {
  vi.useFakeTimers();
  watchers = [];
  shown = [];
  const watchHost = (id: string, listener: HostListener) => {
    const watcher = { id, listener };
    watchers.push(watcher);
    return {
      dispose: () => {
        watchers = watchers.filter((each) => each !== watcher);
      },
    };
  };
  glance = new Glance({ watchHost }, silentLog, (samples) =>
    shown.push(samples.map(({ cpuPercent }) => cpuPercent)),
  );
});

afterEach(() => {
  glance.dispose();
  vi.useRealTimers();
});

test('shows the first sample at once, then a mean of five', () => {
  glance.follow('a');
  for (const cpu of [1, 2, 3, 4, 5, 6, 7]) {
    watchers[0]?.listener.onSample(sample(cpu));
  }
  expect(shown).toEqual([[1], [2, 3, 4, 5, 6]]);
});

test('a machine that is not followed any more is not watched', () => {
  glance.follow('a');
  glance.follow('a');
  expect(watchers).toHaveLength(1);
  glance.follow('b');
  expect(watchers.map(({ id }) => id)).toEqual(['b']);
  glance.follow(undefined);
  expect([watchers.length, vi.getTimerCount()]).toEqual([0, 0]);
});

test('when watching ends nothing is shown, and it is tried again later', () => {
  glance.follow('a');
  watchers[0]?.listener.onEnd(new Error('ended'));
  expect(shown).toEqual([[]]);
  expect(watchers).toHaveLength(0);
  vi.advanceTimersByTime(30_000);
  expect(watchers).toHaveLength(1);
  watchers[0]?.listener.onEnd(new Error('ended'));
  glance.follow(undefined);
  expect(vi.getTimerCount()).toBe(0);
});

test('says percent of one CPU and bytes, and whose word that is', () => {
  const text = glanceText('app', [sample(10), { ...sample(14), memoryBytes: 512 * 2 ** 20 }], l10n);
  expect(text?.text).toBe('$(pulse) 12% · 512 MiB');
  expect(text?.tooltip).toContain('app: CPU 12% of 200%');
  expect(text?.tooltip).toContain('Measured by the host');
  expect(text?.label).toBe('app uses 12% CPU and 512 MiB of memory');
  expect(glanceText('app', [], l10n)).toBeUndefined();
});
