import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NetworkRow } from '../../src/network/networkService';
import { EgressWorld } from './fixtures/egressWorld';
import { layerTar } from './fixtures/imageArchive';
import { TestMachine } from './fixtures/machine';

const exec = promisify(execFile);

/** npm comes from Debian; nothing is fetched from a registry of packages. */
const DOCKERFILE = `FROM debian:trixie-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git npm && rm -rf /var/lib/apt/lists/*
RUN rm -rf /etc/apt/sources.list.d/* && echo 'deb [trusted=yes] http://apt.test/debian ./' > /etc/apt/sources.list
`;

let world: EgressWorld;
let machine: TestMachine;

beforeAll(async () => {
  world = await EgressWorld.make(
    2,
    ['registry.test', 'apt.test', 'git.test', 'elsewhere.test'],
    () => ({}),
    await files(),
  );
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

test('all of them are stopped at anything else', async () => {
  for (const script of [
    'npm view left-over --registry=http://elsewhere.test/ --fetch-retries=0',
    'git ls-remote http://elsewhere.test/shop.git',
    'echo "deb [trusted=yes] http://elsewhere.test/ ./" > /tmp/s.list; apt-get update --error-on=any -o Dir::Etc::sourcelist=/tmp/s.list',
  ]) {
    expect((await attempt(script)).code, script).not.toBe(0);
  }
  const found = await rows();
  const row = (host: string) => found.find((each) => each.host === host);
  expect(row('elsewhere.test')).toMatchObject({ allowed: false, reason: 'host' });
  expect(row('elsewhere.test')?.count).toBe(row('elsewhere.test')?.deniedCount);
  for (const host of ['registry.test', 'apt.test', 'git.test']) {
    expect(row(host), host).toMatchObject({ allowed: true });
    expect(row(host)?.deniedCount, host).toBeGreaterThan(0);
  }
});

/** What the stand-ins serve: a registry with one package, an unsigned Debian repository, a repository for git's plain HTTP. */
async function files(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-stand-ins-'));
  try {
    await Promise.all([
      registry(join(folder, 'registry.test')),
      apt(join(folder, 'apt.test/debian')),
      git(folder),
    ]);
    const { stdout } = await exec('tar', ['-C', folder, '--owner=0', '--group=0', '-c', '.'], {
      encoding: 'buffer',
      maxBuffer: 64 * 2 ** 20,
    });
    return stdout;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function registry(folder: string): Promise<void> {
  const manifest = { name: 'left-over', version: '1.0.0', main: 'index.js' };
  const tarball = gzipSync(
    await layerTar([
      { name: 'package/package.json', content: JSON.stringify(manifest) },
      { name: 'package/index.js', content: 'module.exports = 42;\n' },
    ]),
  );
  const dist = {
    tarball: 'http://registry.test/left-over-1.0.0.tgz',
    integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`,
  };
  const document = {
    name: 'left-over',
    'dist-tags': { latest: '1.0.0' },
    versions: { '1.0.0': { ...manifest, dist } },
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'left-over'), JSON.stringify(document));
  await writeFile(join(folder, 'left-over-1.0.0.tgz'), tarball);
}

async function apt(folder: string): Promise<void> {
  const packages =
    'Package: left-over\nVersion: 1.0-1\nArchitecture: all\nFilename: left-over.deb\nSize: 1\n\n';
  const sha256 = createHash('sha256').update(packages).digest('hex');
  const release = `Suite: test\nDate: ${new Date().toUTCString()}\nSHA256:\n ${sha256} ${packages.length} Packages\n`;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'Packages'), packages);
  await writeFile(join(folder, 'Release'), release);
}

async function git(folder: string): Promise<void> {
  const work = join(folder, 'work');
  const bare = join(folder, 'git.test/shop.git');
  const run = (...args: string[]) =>
    exec('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.org', ...args]);
  await mkdir(work, { recursive: true });
  await writeFile(join(work, 'README'), 'hello\n');
  await run('init', '-q', '-b', 'main', work);
  await run('-C', work, 'add', '.');
  await run('-C', work, 'commit', '-qm', 'First');
  await run('clone', '-q', '--bare', work, bare);
  await run('-C', bare, 'update-server-info');
  await rm(work, { recursive: true });
}
