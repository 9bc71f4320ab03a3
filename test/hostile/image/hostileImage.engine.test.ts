import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { machineId } from '../../../src/settings/machineId';
import { Cli } from '../../integration/fixtures/cli';
import { imageArchive, type LayerEntry, layerTar, loadImage } from '../../integration/fixtures/imageArchive';
import { engine, TestMachine, tracesOf } from '../../integration/fixtures/machine';
import { bareImage, makeWorkspace } from '../../integration/fixtures/workspace';
import { attack } from '../attack';

const tags: string[] = [];
let cli: Cli;
let marks: string;

beforeAll(async () => {
  cli = await Cli.make();
  marks = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-marks-')));
});
afterAll(async () => {
  const { docker } = await engine();
  for (const tag of tags) {
    await docker.getImage(tag).remove({ force: true });
  }
  await cli?.dispose();
  await rm(marks, { recursive: true, force: true });
});

/** An image of these entries and this configuration, as the Engine has taken it. */
async function load(name: string, entries: LayerEntry[], config: Record<string, unknown>): Promise<string> {
  const tag = `bulkhead-test-hostile-${name}:1`;
  await loadImage(await engine(), await imageArchive({ tag, layers: [await layerTar(entries)], config }));
  tags.push(tag);
  return tag;
}

const metadata = (entries: unknown) => ({
  'devcontainer.metadata': typeof entries === 'string' ? entries : JSON.stringify(entries),
});

attack(
  {
    id: 'image-config',
    from: 'image',
    tries:
      'Images whose USER has line breaks, options or paths in it, and whose metadata label is nested 10,000 levels, has impossible accounts, ports, variables or NULs, or is no JSON.',
    holds: 'Each is refused before a machine is made, with a printable reason; nothing of it is left.',
    promise: 'no-host-commands',
  },
  async () => {
    const hostile: Record<string, Record<string, unknown>> = {
      'user-line-break': { User: 'root\nssh_host_ed25519_key' },
      'user-escape': { User: '\u001b[2Jroot\n' },
      'label-deep': { Labels: metadata(`${'['.repeat(10_000)}${']'.repeat(10_000)}`) },
      'label-noise': { Labels: metadata('{"remoteUser": "\u001b]0;x') },
      'label-user': { Labels: metadata([{ remoteUser: '-oProxyCommand=x' }]) },
      'label-variable': { Labels: metadata([{ containerEnv: { BULKHEAD_USER: 'root' } }]) },
      'label-nul': { Labels: metadata([{ postCreateCommand: 'a\0b' }]) },
      'label-many': { Labels: metadata(Array.from({ length: 600 }, () => ({}))) },
    };
    const said: string[] = [];
    for (const [name, config] of Object.entries(hostile)) {
      const tag = await load(name, [{ name: 'file', content: name }], config);
      const workspace = await makeWorkspace(name, bareImage({ image: tag }));
      const { code, stderr, stdout } = await cli.run(['up', workspace.folder, '--json']);
      expect(code, name).not.toBe(0);
      expect(stderr + stdout, name).not.toMatch(/(?![\n\t\r])[\p{Cc}\p{Bidi_Control}]/u);
      expect(stderr, name).not.toMatch(/^\s+at .+:\d+:\d+\)?$/m);
      expect(await tracesOf(machineId(workspace.folder)), name).toEqual([]);
      await workspace.dispose();
      said.push(stderr.split('\n').find((line) => line.startsWith('bulkhead: ')) ?? '');
    }
    return `${said.length} refused, such as: ${said[0]}`;
  },
  { timeoutMs: 240_000 },
);

attack(
  {
    id: 'image-tree',
    from: 'image',
    tries:
      'An image whose /proc, /sys, /dev, /run, /tmp, /etc and workspace are links and files in each other’s place, with its own /.bulkhead, init, ssh keys, devices and setuid programs, and variables and metadata that would start programs on this computer.',
    holds:
      'It boots or is refused with a reason; the pinned host key and the kit’s tools are still the ones that answer, and no mark is left on this computer.',
    promise: 'nothing-unpacked',
  },
  async () => {
    const link = (name: string, linkname: string): LayerEntry => ({ name, type: 'symlink', linkname });
    const evil = { content: '#!/bin/sh\ntouch /evil-ran\nexit 0\n', mode: 0o4755 };
    const mark = `touch ${join(marks, 'ran')}`;
    const tag = await load(
      'tree',
      [
        { name: '.bulkhead/bin/busybox', ...evil },
        { name: '.bulkhead/etc/ssh_host_ed25519_key', content: 'evil' },
        { name: '.bulkhead/state/workspace', content: '' },
        link('proc', '/etc'),
        link('sys', '../../../..'),
        { name: 'dev', content: 'a file' },
        link('run', '/.bulkhead'),
        link('tmp', 'tmp'),
        { name: 'etc/passwd', content: 'root:x:0:0::/:/sbin/evil\nsshd:x:0:0::/:/sbin/evil\n' },
        link('etc/hosts', '/.bulkhead/bin/busybox'),
        link('etc/resolv.conf', '/sbin/evil'),
        link('workspaces', '/.bulkhead/state'),
        { name: 'sbin/init', ...evil },
        { name: 'sbin/evil', ...evil },
        { name: 'init', ...evil },
        { name: 'disk', type: 'block-device', devmajor: 8, devminor: 0, mode: 0o666 },
        { name: 'mem', type: 'character-device', devmajor: 1, devminor: 1, mode: 0o666 },
        { name: '.wh.removed', content: '' },
      ],
      {
        User: '0:0',
        WorkingDir: '../../..',
        Entrypoint: ['/sbin/evil'],
        Env: [
          'PATH=/sbin',
          'LD_PRELOAD=/sbin/evil',
          'BULKHEAD_USER=nobody',
          'ODD\u001b[2J\n=x',
          'DOCKER_HOST=tcp://198.51.100.1:2375',
        ],
        Labels: metadata([
          {
            initializeCommand: mark,
            postStartCommand: mark,
            mounts: ['source=/,target=/host,type=bind'],
            privileged: true,
            remoteEnv: { X: '${localEnv:PATH}' },
          },
        ]),
      },
    );
    const machine = await TestMachine.prepare('tree', {
      ...bareImage({ image: tag, cpus: 1, network: { mode: 'none' } }),
      'file.txt': 'of the folder',
    });
    try {
      const { code, stderr, stdout } = await machine.cli.run(['up', machine.workspace.folder, '--json']);
      expect(stderr + stdout).not.toMatch(/(?![\n\t\r])[\p{Cc}\p{Bidi_Control}]/u);
      expect(await readdir(marks)).toEqual([]);
      if (code !== 0) {
        expect(stderr).toMatch(/^bulkhead: \S/m);
        return `refused: ${stderr.split('\n').find((line) => line.startsWith('bulkhead: '))}`;
      }
      const { stdout: file } = await machine.exec(['/.bulkhead/bin/busybox', 'cat', 'file.txt']);
      expect(file).toBe('of the folder');
      return 'up, with the kit’s own tools and the folder in its place';
    } finally {
      await machine.dispose();
    }
  },
  { timeoutMs: 300_000 },
);
