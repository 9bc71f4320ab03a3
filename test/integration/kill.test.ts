import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UpResult } from '../../src/app';
import { silentLog } from '../../src/core/log';
import type { Phase } from '../../src/core/progress';
import { LAYER_VOLUME } from '../../src/disk/layerStore';
import { connectEngine, type Engine } from '../../src/image/engine';
import { hashKit, KIT_BASE } from '../../src/image/kit';
import type { MachineInfo } from '../../src/machine/hypervisor';
import { containerName, volumeName } from '../../src/machine/kvm/jail';
import { Cli, ROOT } from './fixtures/cli';
import { readExactTree } from './fixtures/exactTree';
import { FsyncWriter } from './fixtures/fsyncWriter';
import { reached } from './fixtures/phase';
import { treeDifferences } from './fixtures/tree';
import { makeWorkspace, type Workspace } from './fixtures/workspace';

/** Another name for the same base makes another kit, of steps that are all cached: a kit's build without its cost. */
const OTHER_BASE = 'bulkhead-test-base:1';
/** Large enough for an upload that can be cut short. */
const LARGE_BYTES = 8 * 2 ** 20;

let engine: Engine;
let cli: Cli;
let workspace: Workspace;
let id = '';

beforeAll(async () => {
  engine = await connectEngine({ log: silentLog });
  await engine.docker.getImage(KIT_BASE).tag({ repo: 'bulkhead-test-base', tag: '1' });
  cli = await Cli.make();
  workspace = await makeWorkspace('kill', {
    '.bulkhead.json': JSON.stringify({ memory: '512mb', disk: '2gb', accelerator: 'tcg' }),
    '.devcontainer.json': JSON.stringify({
      build: { dockerfile: 'Dockerfile' },
      postCreateCommand: 'echo halfway; sleep 2; echo created >> /var/hooks',
    }),
    '.dockerignore': '*\n',
    '.git/HEAD': 'ref: refs/heads/main\n',
    'bin/run.sh': { content: '#!/bin/sh\n', mode: 0o755 },
    'naïve name/with space': 'text',
    'large.bin': randomBytes(LARGE_BYTES),
    empty: '',
  });
  await mkdir(join(workspace.folder, 'nothing/inside'), { recursive: true });
  await symlink('bin/run.sh', join(workspace.folder, 'link'));
  await workspace.write({ Dockerfile: dockerfile('same') });
});

afterAll(async () => {
  if (id !== '') {
    await cli.run(['rm', id, '--force']);
  }
  await cli?.dispose();
  await workspace?.dispose();
  const otherKit = `bulkhead-kit:${(await hashKit(join(ROOT, 'guest'), OTHER_BASE)).slice(0, 16)}`;
  for (const image of [otherKit, OTHER_BASE]) {
    await engine.docker
      .getImage(image)
      .remove()
      .catch(() => undefined);
  }
});

async function up(env: Record<string, string> = {}): Promise<UpResult> {
  const result = (await cli.ok(['up', workspace.folder, '--json'], { env })).json<UpResult>();
  id = result.id;
  return result;
}

/** Layers whose content no other run has, for each text of `fresh`. */
function dockerfile(fresh: string): string {
  const nonce = `${fresh}-${workspace.folder}`;
  // Large where its import is to be cut short; the guest hashes it, and its processor is emulated.
  const size = fresh === 'layers' ? '64M' : '8M';
  return [
    'FROM debian:trixie-slim',
    `RUN : ${nonce}; head -c ${size} /dev/urandom > /layer.bin; sha256sum /layer.bin > /layer.sum`,
    'RUN sleep 3',
  ].join('\n');
}

async function machine(): Promise<MachineInfo | undefined> {
  const machines = (await cli.ok(['ls', '--json'])).lines<MachineInfo>();
  return machines.find(({ folder }) => folder === workspace.folder);
}

async function until(what: string, condition: () => Promise<boolean> | boolean, pauseMs = 20): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) {
      throw new Error(`${what}: not within a minute`);
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** Where a volume's files are on this host. */
async function mountpoint(volume: string): Promise<string> {
  return (await engine.docker.getVolume(volume).inspect()).Mountpoint;
}

/** The workspace in the guest is the one on the host: paths, types, modes, contents. */
async function expectWorkspace(folder: string): Promise<void> {
  const options = ['--create', '--file=-', '--format=posix', '--numeric-owner', '--owner=0', '--group=0'];
  const from = (root: string) => [...options, `--directory=${root}`, '.'];
  const host = await promisify(execFile)('tar', from(workspace.folder), {
    encoding: 'buffer',
    maxBuffer: 4 * LARGE_BYTES,
  });
  const guest = await cli.ok(['exec', id, '--user', 'root', '--', '/.bulkhead/bin/tar', ...from(folder)]);
  const [expected, actual] = [host.stdout, guest.stdoutBytes].map((tar) =>
    readExactTree(tar, { timed: () => false }),
  );
  expect(expected?.size).toBeGreaterThan(10);
  expect(treeDifferences(expected ?? new Map(), actual ?? new Map())).toEqual([]);
}

/** The layer that was built last is whole in the guest, and the lifecycle command has run. */
async function expectSystem(): Promise<void> {
  const check = 'sha256sum --quiet --check /layer.sum && cat /var/hooks';
  const { stdout } = await cli.ok(['exec', id, '--user', 'root', '--', 'sh', '-c', check]);
  expect(stdout).toMatch(/^(created\n)+$/);
}

describe('kill -9 of the CLI', () => {
  /** A half-made layer in the store: the file and the time at which it is one. */
  let halfLayer: string | undefined;

  const halfImported = async () => {
    const folder = join(await mountpoint(LAYER_VOLUME), 'tmp');
    await until('A layer on its way', async () => {
      for (const path of (await readdir(folder, { recursive: true })).filter((name) =>
        /\/blob-\d+$/.test(name),
      )) {
        const found = await stat(join(folder, path)).catch(() => undefined);
        if (found && found.size >= 2 ** 23) {
          halfLayer = join(folder, path);
          return true;
        }
      }
      return false;
    });
  };

  interface Case {
    phase: Phase;
    detail?: string;
    env?: Record<string, string>;
    /** A further condition for the kill. */
    also?: () => Promise<void>;
  }

  const beforeMachine: Case[] = [
    { phase: 'settings' },
    { phase: 'kit', detail: 'Building', env: { BULKHEAD_KIT_BASE: OTHER_BASE } },
    { phase: 'build', detail: 'sleep 3' },
    { phase: 'layers', also: halfImported },
  ];
  const withMachine: Case[] = [
    { phase: 'create' },
    { phase: 'boot' },
    { phase: 'ssh' },
    { phase: 'upload', detail: 'files' },
    { phase: 'hooks', detail: 'halfway' },
  ];

  const killIn = async ({ phase, detail, env, also }: Case) => {
    // Only the layers' own case needs a layer that the store doesn't have.
    const fresh = phase === 'layers' || phase === 'build' ? phase : 'same';
    await workspace.write({ Dockerfile: dockerfile(fresh) });
    const cut = cli.start(['up', workspace.folder, '--json'], env ? { env } : {});
    await reached(cut, phase, detail);
    await also?.();
    cut.kill('SIGKILL');
    expect((await cut.finished).code).toBe(null);
  };

  const expectWhole = async (env?: Record<string, string>) => {
    const result = await up(env);
    expect(result.state).toBe('running');
    await expectWorkspace(result.workspace);
    await expectSystem();
  };

  // What each leaves is in the way of the next one and of the `up` at the end.
  test.each(beforeMachine)('in the phase $phase', async (each) => {
    await killIn(each);
    expect(await machine()).toBeUndefined();
  });

  test('one after the other, in all that come before there is a machine', async () => {
    await expectWhole();
    expect(halfLayer).toBeDefined();
    expect(existsSync(halfLayer ?? '')).toBe(false);
  });

  test.each(withMachine)('in the phase $phase', async (each) => {
    await cli.remove(id);
    await killIn(each);
    await expectWhole(each.env);
  });
});

/** What the guest was told is on the disk is there, whatever ends the VMM. Goes on with the machine of the cases above. */
describe('kill -9 while the guest writes', () => {
  beforeAll(async () => {
    await up();
  });

  const cutShort = async (cut: () => Promise<unknown>): Promise<UpResult> => {
    const writer = FsyncWriter.start(cli, id);
    await writer.wrote(10);
    await cut();
    await until('The end of the machine', async () => (await machine())?.state !== 'running', 200);
    await writer.end();
    const result = await up();
    await writer.expectAll();
    await expectWorkspace(result.workspace);
    return result;
  };

  /** As the jail's own account: root in there may not signal it. */
  const killQemu = async () => {
    const script = `for p in /proc/[0-9]*; do [[ $(< $p/comm) == qemu-system* ]] && kill -9 \${p#/proc/}; done; true`;
    const exec = await engine.docker
      .getContainer(containerName(id))
      .exec({ Cmd: ['bash', '-c', script], AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({});
    await new Promise((resolve) => stream.on('end', resolve).resume());
  };

  test('of QEMU', async () => {
    const { warnings } = await cutShort(killQemu);
    expect(warnings).toEqual([expect.stringMatching(/ended early: its VMM was killed/)]);
  });

  test('of the whole container', async () => {
    const { warnings } = await cutShort(() => engine.docker.getContainer(containerName(id)).kill());
    expect(warnings).toEqual([expect.stringMatching(/ended early: its VMM was killed/)]);
  });

  test('of the container while its memory is saved', async () => {
    // Memory that takes a while to save: zeros would not.
    const layers = Array(12).fill('/layer.bin').join(' ');
    const fill = `cat ${layers} > /dev/shm/fill; cat /proc/sys/kernel/random/boot_id`;
    const { stdout: bootBefore } = await cli.ok(['exec', id, '--user', 'root', '--', 'sh', '-c', fill]);
    const volume = await mountpoint(volumeName(id));
    const result = await cutShort(async () => {
      const suspend = cli.start(['suspend', id]);
      await until('Memory on its way', () => existsSync(join(volume, 'ram.tmp')), 1);
      await engine.docker.getContainer(containerName(id)).kill();
      expect((await suspend.finished).code).toBe(1);
      expect(existsSync(join(volume, 'ram'))).toBe(false);
    });
    expect(result.warnings).toEqual([expect.stringMatching(/ended early: its VMM was killed/)]);
    expect(existsSync(join(volume, 'ram.tmp'))).toBe(false);
    const { stdout: bootAfter } = await cli.ok(['exec', id, '--', 'cat', '/proc/sys/kernel/random/boot_id']);
    expect(bootAfter).not.toBe(bootBefore);
  });

  test('of the CLI that suspends: the VMM finishes, and the machine wakes', async () => {
    const writer = FsyncWriter.start(cli, id);
    await writer.wrote(5);
    const volume = await mountpoint(volumeName(id));
    const suspend = cli.start(['suspend', id]);
    await until('Memory on its way', () => existsSync(join(volume, 'ram.tmp')), 1);
    suspend.kill('SIGKILL');
    await until('The end of the suspend', async () => (await machine())?.state === 'suspended', 200);
    const boot = ['exec', id, '--', 'cat', '/proc/sys/kernel/random/boot_id'];
    await writer.end();
    const { warnings } = await up();
    expect(warnings).toEqual([]);
    await writer.expectAll();
    expect((await cli.ok(boot)).code).toBe(0);
  });
});
