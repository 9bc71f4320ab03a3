import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dataFolder, sshClient } from '../../../src/app/doctor/computer';
import { egressFinding } from '../../../src/app/doctor/egress';
import { engineFixes } from '../../../src/app/doctor/engine';
import { accelerators, machines } from '../../../src/app/doctor/store';
import { quoted, sizeText } from '../../../src/app/doctor/words';
import { BulkheadError } from '../../../src/core/errors';
import { INFO } from '../attach/attachApp';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bulkhead-doctor-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const LOCAL = { endpoint: 'unix:///var/run/docker.sock' };

test('the data folder: one that is not made yet is fine', async () => {
  const [finding] = await dataFolder(join(folder, 'not', 'there'));
  expect(finding).toMatchObject({ id: 'data', status: 'ok' });
});

test('the data folder: one that others can look into gets a command', async () => {
  const root = join(folder, "it's open");
  await mkdir(root);
  await chmod(root, 0o755);
  const [finding] = await dataFolder(root, 'linux');
  expect(finding?.status).toBe('warning');
  expect(finding?.actions).toEqual([{ kind: 'terminal', command: `chmod go-rwx '${folder}/it'\\''s open'` }]);
  await chmod(root, 0o700);
  expect((await dataFolder(root, 'linux'))[0]?.status).toBe('ok');
});

test('an SSH client that is not there is a warning, not a failure', async () => {
  const [finding] = await sshClient(undefined, join(folder, 'no-ssh'));
  expect(finding).toMatchObject({ id: 'ssh', status: 'warning' });
});

describe('an Engine that does not answer', () => {
  const failure = (code: string) =>
    new BulkheadError('No Docker Engine', { cause: Object.assign(new Error(code), { code }) });
  const kinds = (code: string, platform: NodeJS.Platform, env = {}) =>
    engineFixes(failure(code), platform, env).map((action) =>
      action.kind === 'terminal' ? action.command : action.kind === 'open' ? action.url : action.kind,
    );

  test('is started, or its account corrected, on this computer', () => {
    expect(kinds('ECONNREFUSED', 'linux')).toEqual([
      'sudo systemctl start docker',
      'https://docs.docker.com/engine/install/',
      'recheck',
    ]);
    expect(kinds('EACCES', 'linux')).toEqual(['sudo usermod -aG docker "$USER"', 'recheck']);
    expect(kinds('ENOENT', 'darwin')).toEqual(['https://docs.docker.com/desktop/', 'recheck']);
  });

  test('and that the user has named, is looked for again, no more', () => {
    expect(kinds('ECONNREFUSED', 'linux', { DOCKER_HOST: 'tcp://far:2375' })).toEqual(['recheck']);
    expect(engineFixes('odd', 'linux', {})).toEqual([{ kind: 'recheck' }]);
  });
});

test('accelerators: a command only for an Engine on this computer', () => {
  const result = {
    accelerator: 'tcg' as const,
    tried: [
      {
        accelerator: 'kvm' as const,
        works: false,
        reason: '/dev/kvm has mode 0600 and group 0: …',
        fix: 'x',
      },
      { accelerator: 'tcg' as const, works: true, ms: 900 },
    ],
  };
  const [kvm, tcg] = accelerators(result, LOCAL);
  expect(kvm).toMatchObject({ id: 'kvm', status: 'slow', fix: 'x' });
  expect(kvm?.actions?.map(({ kind }) => kind)).toEqual(
    process.platform === 'linux' ? ['terminal', 'recheck'] : ['recheck'],
  );
  expect(tcg).toMatchObject({ id: 'accelerator', status: 'slow' });
  const [far] = accelerators(result, { endpoint: 'ssh://far' });
  expect(far?.actions).toEqual([{ kind: 'recheck' }]);
});

describe('egress', () => {
  const found = (exitCode: number, output: string, internal = false) =>
    egressFinding({ name: 'proxies', internal }, { exitCode, output });

  test('is fine with a wall and a way out', () => {
    expect(found(0, 'out')).toMatchObject({ id: 'egress', status: 'ok' });
    expect(found(0, 'out').message).toContain('proxies');
  });

  test('without a wall is missing, with the kernel’s words', () => {
    const finding = found(2, 'RTNETLINK answers: Operation not supported');
    expect(finding).toMatchObject({ status: 'missing', actions: [{ kind: 'recheck' }] });
    expect(finding.message).toContain('(RTNETLINK answers: Operation not supported)');
    expect(finding.fix).toContain('CONFIG_IP_MULTIPLE_TABLES');
    expect(found(137, '').message).toContain('(exit code 137)');
  });

  test('in a network without a way out is a warning', () => {
    const finding = found(0, '');
    expect(finding.status).toBe('warning');
    expect(found(0, 'out', true)).toEqual(finding);
    expect(finding.fix).toContain('BULKHEAD_EGRESS_NETWORK');
  });
});

test('machines: counted by state, a failed one named', () => {
  expect(machines([])).toEqual([{ id: 'machines', status: 'ok', message: '0 machines' }]);
  const [finding] = machines([INFO, { ...INFO, id: 'b', state: 'failed', reason: 'no config' }]);
  expect(finding).toMatchObject({ status: 'warning', message: '2 machines: 1 running, 1 failed' });
  expect(finding?.fix).toContain('b failed (no config)');
});

test('words', () => {
  expect([sizeText(0), sizeText(512 * 2 ** 20), sizeText(12.5 * 2 ** 30)]).toEqual([
    '0 MiB',
    '512 MiB',
    '12.5 GiB',
  ]);
  expect(quoted('/home/me/.data')).toBe('/home/me/.data');
});
