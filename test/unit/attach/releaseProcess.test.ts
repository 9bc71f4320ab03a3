import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { takeLease } from '../../../src/attach/leases';

const folder = mkdtempSync(join(tmpdir(), 'bulkhead-release-'));
const script = join(folder, 'release.js');
const calls = join(folder, 'calls');
/** Stands in for the CLI: notes its arguments, and opens a window while the machine is suspended if told to. */
const cli = join(folder, 'cli.js');

beforeAll(async () => {
  await build({
    entryPoints: ['src/attach/releaseProcess.ts'],
    outfile: script,
    bundle: true,
    platform: 'node',
    logLevel: 'silent',
  });
});
afterEach(() => rmSync(calls, { force: true }));
afterAll(() => rmSync(folder, { recursive: true }));

async function release(leases: string, meanwhile = ''): Promise<string[]> {
  const note = `require('node:fs').appendFileSync(${JSON.stringify(calls)}, process.argv.slice(2).join(' ') + '\\n');`;
  writeFileSync(cli, `${note}\nif (process.argv[2] === 'suspend') { ${meanwhile} }`);
  await promisify(execFile)(process.execPath, [script, leases, 'm', 'suspend', cli, '1']);
  try {
    return readFileSync(calls, 'utf8').trim().split('\n');
  } catch {
    return [];
  }
}

test('a machine that no window holds is suspended', async () => {
  expect(await release(join(folder, 'a'))).toEqual(['suspend m']);
});

test('a machine that a window holds is left alone', async () => {
  takeLease(join(folder, 'b'), 'm');
  expect(await release(join(folder, 'b'))).toEqual([]);
});

test('a window opened while the machine was being suspended gets it back', async () => {
  const leases = join(folder, 'c');
  const file = JSON.stringify(join(leases, 'm', String(process.pid)));
  const open = `require('node:fs').mkdirSync(${JSON.stringify(join(leases, 'm'))}, { recursive: true }); require('node:fs').writeFileSync(${file}, '');`;
  expect(await release(leases, open)).toEqual(['suspend m', 'start m']);
});
