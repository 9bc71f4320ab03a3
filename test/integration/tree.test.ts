import type { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { UpResult } from '../../src/app';
import { silentLog } from '../../src/core/log';
import { connectEngine, type Engine } from '../../src/image/engine';
import { Cli } from './fixtures/cli';
import { readExactTree } from './fixtures/exactTree';
import { loadHardImage } from './fixtures/hardImage';
import { bytesOf } from './fixtures/imageArchive';
import { type Tree, treeDifferences } from './fixtures/tree';
import { bareImage, makeWorkspace, type Workspace } from './fixtures/workspace';

const TAG = 'bulkhead-test-tree:1';
/** What a machine has and this image hasn't: the kit, the way to the workspace and the workspace, a place for pid files. */
const OURS = ['.bulkhead', 'workspaces', 'workspaces/tree', 'run'];
/** Docker and Bulkhead each lay their own over these, in a container as in a machine. */
const LAID_OVER = /^(?:\.dockerenv|(?:dev|proc|sys)(?:\/.*)?|etc\/(?:hosts|hostname|resolv\.conf|mtab))$/;

let engine: Engine;
let cli: Cli;
let workspace: Workspace;
let machine: UpResult;

beforeAll(async () => {
  engine = await connectEngine({ log: silentLog });
  await loadHardImage(engine, TAG);
  cli = await Cli.make();
  workspace = await makeWorkspace('tree', bareImage({ image: TAG }));
  machine = (await cli.ok(['up', workspace.folder, '--json'])).json<UpResult>();
});

afterAll(async () => {
  if (machine) {
    await cli.remove(machine.id);
  }
  await cli?.dispose();
  await workspace?.dispose();
  await engine?.docker.getImage(TAG).remove({ force: true });
});

async function exportedTar(): Promise<Buffer> {
  const container = await engine.docker.createContainer({ Image: TAG, Cmd: ['x'] });
  try {
    return await bytesOf((await container.export()) as Readable);
  } finally {
    await container.remove({ force: true });
  }
}

/** GNU tar's own view from inside the guest, as root. */
async function guestTar(): Promise<Buffer> {
  const tar = ['/.bulkhead/bin/tar', '--create', '--file=-', '--format=posix', '--xattrs', '--numeric-owner'];
  const mounts = [
    '--one-file-system',
    '--anchored',
    '--exclude=./proc',
    '--exclude=./sys',
    '--exclude=./dev',
  ];
  const command = [...tar, ...mounts, '--directory=/', '.'];
  const { stdoutBytes } = await cli.ok([
    'exec',
    machine.id,
    '--user',
    'root',
    '--cwd',
    '/',
    '--',
    ...command,
  ]);
  return stdoutBytes;
}

/** Docker and Bulkhead put something into these folders, so when they changed last says nothing of the image. */
const timed = (path: string) => path !== '' && path !== 'etc';

function read(tar: Buffer): Tree {
  return readExactTree(tar, { skip: (path) => LAID_OVER.test(path), timed });
}

test('the guest has exactly the files that a container has', async () => {
  const [exported, inGuest] = [await exportedTar(), await guestTar()];
  const expected = read(exported);
  const actual = read(inGuest);
  expect(expected.size).toBeGreaterThan(100);
  for (const path of OURS) {
    expect(expected.has(path), path).toBe(false);
    expect(actual.delete(path), path).toBe(true);
  }
  // An export leaves out the root itself.
  expect(JSON.parse(actual.get('') ?? '')).toEqual({ type: 'directory', mode: '755', uid: 0, gid: 0 });
  actual.delete('');
  // Docker's export has of all extended attributes only capabilities.
  const note = 'xattrs/user';
  expect(actual.get(note)).toContain(
    `"SCHILY.xattr.user.note":"${Buffer.from('hello = world').toString('hex')}"`,
  );
  actual.set(note, (actual.get(note) ?? '').replace(/,"SCHILY.xattr.user.note":"[0-9a-f]*"/, ''));
  expect(treeDifferences(expected, actual)).toEqual([]);
});
