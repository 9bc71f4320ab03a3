import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isLeased, takeLease } from '../../../src/attach/leases';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'leases-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'close');
  return child.pid ?? 0;
}

test('a machine is leased while a living window holds it', () => {
  expect(isLeased(folder, 'm')).toBe(false);
  const own = takeLease(folder, 'm');
  const other = takeLease(folder, 'm', process.ppid);
  expect(isLeased(folder, 'm')).toBe(true);
  own.dispose();
  expect(isLeased(folder, 'm')).toBe(true);
  other.dispose();
  expect(isLeased(folder, 'm')).toBe(false);
  expect(isLeased(folder, 'other')).toBe(false);
});

test('the lease of a window that was killed does not count, and is removed', async () => {
  takeLease(folder, 'm', await deadPid());
  expect(isLeased(folder, 'm')).toBe(false);
  expect(readdirSync(join(folder, 'm'))).toEqual([]);
});

test('a file that is no lease does not count', () => {
  mkdirSync(join(folder, 'm'));
  for (const name of ['0', '-1', 'x', '99999999999999']) {
    writeFileSync(join(folder, 'm', name), '');
  }
  expect(isLeased(folder, 'm')).toBe(false);
});
