import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withMachineLock } from '../../../src/app/machineLock';
import { delay } from '../../../src/core/deadline';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('withMachineLock', () => {
  it('lets one in at a time and says so to the one who waits', async () => {
    const file = join(folder, 'locks', 'm');
    const events: string[] = [];
    const first = withMachineLock(file, {}, async () => {
      events.push('first in');
      await delay(300);
      events.push('first out');
    });
    await delay(50);
    const second = withMachineLock(file, { onWait: () => events.push('second waits') }, async () => {
      events.push('second in');
    });
    await Promise.all([first, second]);
    expect(events).toEqual(['first in', 'second waits', 'first out', 'second in']);
  });

  it('is free again after an error, and other machines are not held up', async () => {
    const file = join(folder, 'a');
    await expect(withMachineLock(file, {}, () => Promise.reject(new Error('boom')))).rejects.toThrow('boom');
    await withMachineLock(file, {}, () => withMachineLock(join(folder, 'b'), {}, async () => undefined));
  });

  it('tells the work when the lock is lost: another may be in by then', async () => {
    const file = join(folder, 'a');
    await withMachineLock(file, {}, async (lost) => {
      expect(lost.aborted).toBe(false);
      await rm(`${file}.lock`, { recursive: true });
      // At the next refresh, seconds later.
      await new Promise((resolve) => lost.addEventListener('abort', resolve, { once: true }));
      await withMachineLock(file, {}, async () => undefined);
    });
  });

  it('can be cancelled while it waits', async () => {
    const file = join(folder, 'a');
    const controller = new AbortController();
    await withMachineLock(file, {}, async () => {
      const waiting = withMachineLock(file, { signal: controller.signal }, async () => undefined);
      setTimeout(() => controller.abort(), 50);
      await expect(waiting).rejects.toMatchObject({ kind: 'cancelled' });
    });
  });

  it('outlives a process that was killed with it', async () => {
    const file = join(folder, 'a');
    const script = `require('proper-lockfile').lock(${JSON.stringify(file)}, { realpath: false, stale: 10000, update: 2000 }).then(() => console.log('locked')); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    await expect(withMachineLock(file, {}, async () => 'mine')).resolves.toBe('mine');
  });
});
