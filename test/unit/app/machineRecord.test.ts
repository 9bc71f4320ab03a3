import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultDataDirectory } from '../../../src/app/dataDirectory';
import { DataFolder } from '../../../src/app/dataFolder';
import { MachineLog, readMachineLog, removeMachineLog } from '../../../src/app/machineLog';
import { readRecord, removeRecord, updateRecord, writeRecord } from '../../../src/app/machineRecord';
import { silentLog } from '../../../src/core/log';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-app-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a machine’s record', () => {
  const record = {
    env: { PATH: '/bin' },
    remoteEnv: { A: 'b' },
    exclude: ['node_modules'],
    user: 'node',
    allow: [{ host: 'example.org', from: 'user' as const }],
    forwardPorts: [3000],
  };

  it('is read back, for its owner only', async () => {
    const file = join(folder, 'records', 'm.json');
    await writeRecord(file, record);
    expect(await readRecord(file, silentLog)).toEqual(record);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await removeRecord(file);
    expect(await readRecord(file, silentLog)).toBeUndefined();
  });

  it('of a version that knew no ports has none', async () => {
    const file = join(folder, 'm.json');
    const { forwardPorts: _none, ...older } = record;
    await writeFile(file, JSON.stringify(older));
    expect(await readRecord(file, silentLog)).toEqual({ ...older, forwardPorts: [] });
  });

  it('is changed by what it says at that moment, whoever changes it at the same time', async () => {
    const services = { data: new DataFolder(folder), log: silentLog };
    await writeRecord(services.data.record('m'), { ...record, forwardPorts: [] });
    const ports = Array.from({ length: 10 }, (_, n) => n + 1);
    await Promise.all(
      ports.map((port) =>
        updateRecord(services, 'm', async (now) => {
          // As long as reading a folder's settings takes.
          await readFile(services.data.record('m'));
          return now && { ...now, forwardPorts: [...now.forwardPorts, port] };
        }),
      ),
    );
    const after = await readRecord(services.data.record('m'), silentLog);
    expect(after?.forwardPorts.toSorted((a, b) => a - b)).toEqual(ports);
    expect(await updateRecord(services, 'none', (now) => now)).toBeUndefined();
    expect(await readRecord(services.data.record('none'), silentLog)).toBeUndefined();
  });

  it.each(['', '{', '{"user": 1}', '[]'])(
    'that is damaged (%j) is left out, with a warning',
    async (text) => {
      const file = join(folder, 'm.json');
      await writeFile(file, text);
      const warnings: string[] = [];
      const log = { ...silentLog, warn: (message: string) => void warnings.push(message) };
      expect(await readRecord(file, log)).toBeUndefined();
      expect(warnings).toHaveLength(1);
    },
  );
});

describe('a machine’s log', () => {
  it('keeps lines in order and gives the last ones', async () => {
    const file = join(folder, 'logs', 'm.log');
    const log = new MachineLog(file, silentLog);
    for (let n = 1; n <= 5; n++) {
      log.info(`line ${n}`);
    }
    await log.flushed();
    const lines = (await readMachineLog(file, 2)).trimEnd().split('\n');
    expect(lines.map((line) => line.replace(/^\S+ /, ''))).toEqual(['info line 4', 'info line 5']);
  });

  it('is turned over, so that it can’t fill the disk', async () => {
    const file = join(folder, 'm.log');
    const log = new MachineLog(file, silentLog);
    for (let n = 0; n < 30; n++) {
      log.info('x'.repeat(100_000));
    }
    await log.flushed();
    expect((await stat(file)).size).toBeLessThanOrEqual(1024 * 1024);
    expect((await readFile(`${file}.1`)).length).toBeLessThanOrEqual(1024 * 1024);
    await removeMachineLog(file);
    expect(await readMachineLog(file, 10)).toBe('');
  });
});

describe('defaultDataDirectory', () => {
  it('follows the platform', () => {
    expect(defaultDataDirectory('linux', {}, '/home/a')).toBe('/home/a/.local/share/bulkhead');
    expect(defaultDataDirectory('linux', { XDG_DATA_HOME: '/data' }, '/home/a')).toBe('/data/bulkhead');
    expect(defaultDataDirectory('darwin', {}, '/Users/a')).toBe(
      '/Users/a/Library/Application Support/bulkhead',
    );
    expect(defaultDataDirectory('win32', { LOCALAPPDATA: 'L' }, 'h')).toMatch(/^L.bulkhead$/);
  });
});
