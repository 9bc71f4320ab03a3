import { lstat, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lookAtSharedFolder } from '../../../../src/machine/kvm/sharedFolder';

let root: string;
let folder: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-shared-')));
  folder = join(root, 'home', 'project');
  await mkdir(folder, { recursive: true });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const look = (path = folder, readOnly = false, more: { keepOut?: string[]; endpoint?: string } = {}) =>
  lookAtSharedFolder(path, readOnly, {
    keepOut: [],
    endpoint: 'unix:///var/run/docker.sock',
    home: join(root, 'home'),
    ...more,
  });

async function identity(path: string): Promise<string> {
  const { dev, ino } = await lstat(path, { bigint: true });
  return `${dev}:${ino}`;
}

it('tells the real path, which folder it is and whose', async () => {
  await symlink(folder, join(root, 'link'));
  const { uid, gid } = await lstat(folder);
  expect(await look(join(root, 'link'))).toEqual({
    path: folder,
    identity: await identity(folder),
    owner: { uid, gid },
    protected: [],
  });
});

describe('what the guest may not change', () => {
  it('is what editors, git and CI read, whatever the case of its name', async () => {
    const names = ['.GIT', '.vscode', '.bulkhead.json', 'a.Code-Workspace', '.github'];
    for (const name of names) {
      await (name.includes('json') || name.includes('Work')
        ? writeFile(join(folder, name), '{}')
        : mkdir(join(folder, name)));
    }
    await mkdir(join(folder, 'src', '.vscode'), { recursive: true });
    await writeFile(join(folder, 'package.json'), '{}');
    const found = (await look()).protected;
    expect(found.map(({ name }) => name).sort()).toEqual([...names].sort());
    expect(found.find(({ name }) => name === '.vscode')?.identity).toBe(
      await identity(join(folder, '.vscode')),
    );
  });

  it('needs no list where nothing can be written', async () => {
    await symlink('/etc', join(folder, '.vscode'));
    expect((await look(folder, true)).protected).toEqual([]);
  });

  it('can’t be a link: what it points to would be mounted, or could be written', async () => {
    await symlink('settings', join(folder, '.vscode'));
    await expect(look()).rejects.toMatchObject({ kind: 'usage', message: /\.vscode.*link/ });
  });

  it('can’t have a name that would break the list', async () => {
    await writeFile(join(folder, 'a\nrw 1:1 /share.code-workspace'), '{}').catch(() => undefined);
    await writeFile(join(folder, 'b\n.code-workspace'), '{}');
    await expect(look()).rejects.toMatchObject({ kind: 'usage' });
  });

  it('would be all of a folder that is a repository itself', async () => {
    await writeFile(join(folder, 'HEAD'), 'ref: refs/heads/main\n');
    await expect(look()).rejects.toMatchObject({ kind: 'usage', message: /HEAD.*repository itself/ });
    expect((await look(folder, true)).protected).toEqual([]);
  });

  it('can’t be a .git file that names a repository in the folder', async () => {
    await mkdir(join(folder, 'hidden'));
    await writeFile(join(folder, '.git'), 'gitdir: hidden\n');
    await expect(look()).rejects.toMatchObject({ kind: 'usage', message: /\.git/ });
    await writeFile(join(folder, '.git'), `gitdir: ${join(root, 'elsewhere')}\n`);
    expect((await look()).protected.map(({ name }) => name)).toEqual(['.git']);
  });
});

describe('refused folders', () => {
  it.each([
    ['the root', () => '/'],
    ['the home folder', () => join(root, 'home')],
    ['a folder above it', () => root],
    ['/proc', () => '/proc/self'],
    ['/etc', () => '/etc'],
  ])('%s', async (_what, path) => {
    await expect(look(path())).rejects.toMatchObject({ kind: 'usage', message: /can't be mounted/ });
  });

  it('one that holds the data folder or the Engine’s socket, there or not, and one in the data folder', async () => {
    for (const inside of ['data', 'not/there/yet']) {
      await expect(look(folder, true, { keepOut: [join(folder, inside)] })).rejects.toMatchObject({
        kind: 'usage',
        message: /out of a VM's reach/,
      });
    }
    await expect(look(folder, true, { keepOut: [dirname(folder)] })).rejects.toMatchObject({ kind: 'usage' });
    await expect(look(folder, true, { keepOut: [join(root, 'home', 'project2')] })).resolves.toBeDefined();
  });

  it('any, if the Engine is on another computer', async () => {
    for (const endpoint of ['ssh://there', 'tcp://192.0.2.1:2376']) {
      await expect(look(folder, true, { endpoint })).rejects.toMatchObject({ kind: 'host', next: /copy/ });
    }
  });

  it('what is no folder, or is not there', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(look(join(folder, 'file'))).rejects.toMatchObject({ kind: 'usage' });
    await expect(look(join(folder, 'gone'))).rejects.toMatchObject({ kind: 'usage' });
  });
});
