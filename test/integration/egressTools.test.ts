import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NetworkRow } from '../../src/network/networkService';
import { EgressWorld } from './fixtures/egressWorld';
import { TestMachine } from './fixtures/machine';
import { packageHosts } from './fixtures/packageHosts';

/** The tools come from Debian; nothing is fetched from a registry of packages. */
const DOCKERFILE = `FROM debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git npm && rm -rf /var/lib/apt/lists/*
RUN apt-get update && apt-get install -y --no-install-recommends python3-pip && rm -rf /var/lib/apt/lists/*
RUN rm -rf /etc/apt/sources.list.d/* && echo 'deb [trusted=yes] http://apt.test/debian ./' > /etc/apt/sources.list
RUN printf '[global]\\nindex-url = http://index.test/simple\\ntrusted-host = index.test\\n' > /etc/pip.conf
`;
const NAMES = ['registry.test', 'apt.test', 'git.test', 'index.test', 'elsewhere.test'];

let world: EgressWorld;
let machine: TestMachine;

beforeAll(async () => {
  world = await EgressWorld.make(2, NAMES, () => ({}), await packageHosts());
  machine = await TestMachine.prepare(
    'tools',
    {
      '.bulkhead.json': JSON.stringify({ build: { dockerfile: 'Dockerfile' }, memory: '1gb', disk: '3gb' }),
      Dockerfile: DOCKERFILE,
      '.npmrc': 'registry=http://registry.test/\n',
      'package.json': JSON.stringify({
        name: 'shop',
        version: '1.0.0',
        dependencies: { 'left-over': '1.0.0' },
      }),
      '.git/HEAD': 'ref: refs/heads/main\n',
      '.git/config': '[remote "origin"]\n\turl = http://git.test/shop.git\n',
      '.git/objects/info/keep': '',
      '.git/refs/heads/keep': '',
    },
    world.env,
  );
  // Debian's npm is hundreds of packages.
  await machine.cli.ok(['up', machine.workspace.folder], { deadlineMs: 500_000 });
}, 560_000);

afterAll(async () => {
  await machine?.dispose();
  await world?.dispose();
});

/** Exit code and words of a command in the guest's workspace. */
async function attempt(script: string): Promise<{ code: number | null; said: string }> {
  const { code, stdout, stderr } = await machine.exec(['/bin/sh', '-c', script]);
  return { code, said: stdout + stderr };
}

async function presetHosts(preset: string): Promise<string[]> {
  const { rules } = (await machine.bulkhead('net', '--preset', preset, '--json')).json<{
    rules: { host: string; from: string }[];
  }>();
  return rules.filter(({ from }) => from === preset).map(({ host }) => host);
}

async function rows(): Promise<NetworkRow[]> {
  return (await machine.bulkhead('net', '--log', '--json')).lines<NetworkRow>();
}

test('npm install works with its preset, and not before', async () => {
  const install = 'npm install --no-audit --no-fund --fetch-retries=0 --loglevel=error';
  expect((await attempt(install)).code).not.toBe(0);
  expect(await presetHosts('npm')).toEqual(['registry.test']);
  expect(await attempt(install)).toMatchObject({ code: 0 });
  expect(await machine.sh('cat node_modules/left-over/index.js')).toBe('module.exports = 42;');
});

test('apt-get update works with its preset, and not before', async () => {
  const update = 'apt-get update --error-on=any';
  expect((await attempt(update)).code).not.toBe(0);
  expect(await presetHosts('apt')).toEqual(['apt.test']);
  expect(await attempt(update)).toMatchObject({ code: 0 });
  expect(await machine.sh('apt-cache policy left-over')).toContain('1.0-1');
  // As from a service without the variables.
  expect(await attempt(`env -i PATH="$PATH" ${update}`)).toMatchObject({ code: 0 });
});

test('git clone works with its preset, and not before', async () => {
  const clone = 'rm -rf /tmp/shop && git clone -q http://git.test/shop.git /tmp/shop';
  expect((await attempt(clone)).code).not.toBe(0);
  expect(await presetHosts('git')).toEqual(['git.test']);
  expect(await attempt(clone)).toMatchObject({ code: 0 });
  expect(await machine.sh('cat /tmp/shop/README')).toBe('hello');
});

test('pip install works with its preset, and not before', async () => {
  const install =
    'pip install --no-cache-dir --disable-pip-version-check --break-system-packages --retries 0 left-over';
  expect((await attempt(install)).code).not.toBe(0);
  expect(await presetHosts('pip')).toEqual(['index.test']);
  expect(await attempt(install)).toMatchObject({ code: 0 });
  expect(await machine.sh('python3 -c "import left_over; print(left_over.answer)"')).toBe('42');
});

test('all of them are stopped at anything else', async () => {
  for (const script of [
    'npm view left-over --registry=http://elsewhere.test/ --fetch-retries=0',
    'git ls-remote http://elsewhere.test/shop.git',
    'pip download --no-cache-dir --retries 0 -i http://elsewhere.test/simple --trusted-host elsewhere.test left-over',
    'echo "deb [trusted=yes] http://elsewhere.test/ ./" > /tmp/s.list; apt-get update --error-on=any -o Dir::Etc::sourcelist=/tmp/s.list',
  ]) {
    expect((await attempt(script)).code, script).not.toBe(0);
  }
  const found = await rows();
  const row = (host: string) => found.find((each) => each.host === host);
  expect(row('elsewhere.test')).toMatchObject({ allowed: false, reason: 'host' });
  expect(row('elsewhere.test')?.count).toBe(row('elsewhere.test')?.deniedCount);
  for (const host of ['registry.test', 'apt.test', 'git.test', 'index.test']) {
    expect(row(host), host).toMatchObject({ allowed: true });
    expect(row(host)?.deniedCount, host).toBeGreaterThan(0);
  }
});
