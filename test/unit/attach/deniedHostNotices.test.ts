import { afterEach, expect, it, vi } from 'vitest';
import { DeniedHostNotices } from '../../../src/attach/deniedHostNotices';

afterEach(() => {
  vi.useRealTimers();
});

it('is on until it is turned off, and what was denied meanwhile is no news when it is on again', async () => {
  vi.useFakeTimers({ now: 1_000 });
  const kept = new Map<string, unknown>();
  const notices = new DeniedHostNotices({
    get: <T>(key: string) => kept.get(key) as T | undefined,
    update: async (key, value) => void kept.set(key, value),
  });
  await notices.set(true);
  expect([notices.off, notices.since]).toEqual([false, 0]);
  await notices.set(false);
  expect(notices.off).toBe(true);
  vi.setSystemTime(2_000);
  await notices.set(true);
  expect([notices.off, notices.since]).toEqual([false, 2_000]);
});
