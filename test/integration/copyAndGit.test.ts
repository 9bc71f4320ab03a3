import { createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type App, createApp } from '../../src/app';
import { silentLog } from '../../src/core/log';
import type { CopyResult } from '../../src/guest/copy/copyTree';
import { findRepositories } from '../../src/guest/git/findRepositories';
import { GitRepository } from '../../src/guest/git/gitRepository';
import { ROOT } from './fixtures/cli';
import { TestMachine } from './fixtures/machine';

let machine: TestMachine;
let app: App;
let workspace: string;
let host: string;

beforeAll(async () => {
  const images: { ensureGitImage(): Promise<string> } = await import(
    pathToFileURL(join(ROOT, 'test/images/gitImage.mjs')).href
  );
  const image = await images.ensureGitImage();
  const settings = JSON.stringify({ image, memory: '768mb', disk: '3gb' });
  machine = await TestMachine.open('copy-and-git', { '.bulkhead.json': settings, 'a.txt': 'one\n' });
  app = createApp({
    log: silentLog,
    dataDirectory: machine.cli.dataDirectory,
    proxyCommand: ['bulkhead'],
  });
  workspace = (await app.find(machine.id)).workspaceFolder;
  host = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-copied-')));
});

afterAll(async () => {
  app?.dispose();
  await machine?.dispose();
  await rm(host, { recursive: true, force: true });
});

const cp = async (...args: string[]) =>
  (await machine.cli.ok(['cp', '--json', ...args])).json<CopyResult & { id: string }>();
const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('bulkhead cp', () => {
  test('brings large files and two thousand small ones in and out again, byte for byte', async () => {
    const source = join(host, 'tree');
    await mkdir(join(source, 'small'), { recursive: true });
    const large = randomBytes(5_000_000);
    await writeFile(join(source, 'large'), large);
    for (let n = 0; n < 2000; n++) {
      await writeFile(join(source, 'small', `${n}`), `${n}\n`);
    }
    const sent = await cp(source, `${machine.id}:`);
    expect(sent).toMatchObject({ files: 2001, folders: 2, skippedCount: 0, placed: [`${workspace}/tree`] });
    expect(await machine.sh('sha256sum tree/large | cut -d" " -f1; ls tree/small | wc -l')).toBe(
      `${sum(large)}\n2000`,
    );
    expect(await machine.sh('find . -name ".bulkhead-copy-*"; stat -c %U tree/large')).toBe('sailor');
    const back = await cp(`${machine.id}:tree`, join(host, 'back'));
    expect(back).toMatchObject({ files: 2001, bytes: sent.bytes, skippedCount: 0 });
    expect(sum(await readFile(join(host, 'back/large')))).toBe(sum(large));
    expect((await readdir(join(host, 'back/small'))).length).toBe(2000);
    expect(await readFile(join(host, 'back/small/1999'), 'utf8')).toBe('1999\n');
  });

  test('takes out of the VM nothing that is no plain file, and follows nothing', async () => {
    await machine.sh(
      `mkdir -p odd/.git odd/in; cd odd
       echo secret > ../outside; ln -s ../outside link; ln -s . loop; ln -s /etc/shadow shadow; mkfifo fifo
       printf x > "$(printf 'line\\nbreak')"; printf x > "$(printf 'esc\\033[31m')"; printf x > "$(printf 'raw\\377')"
       echo '[core]' > .git/config; echo ok > in/ok; echo '#!/bin/sh' > in/run; chmod 755 in/run`,
    );
    await machine.sh(`mknod ${workspace}/odd/device c 1 3; chmod 4755 ${workspace}/odd/in/run`, [
      '--user',
      'root',
    ]);
    const target = join(host, 'odd-target');
    await mkdir(target);
    const result = await cp(`${machine.id}:odd`, target);
    expect(result.skipped.map(({ reason }) => reason).sort()).toEqual([
      'link',
      'link',
      'link',
      'name',
      'name',
      'name',
      'notAFile',
      'notAFile',
      'repository',
    ]);
    expect((await readdir(target, { recursive: true })).sort()).toEqual([
      'odd',
      'odd/in',
      'odd/in/ok',
      'odd/in/run',
    ]);
    expect((await lstat(join(target, 'odd/in/run'))).mode & 0o7111).toBe(0);
  });

  test('takes a link into the VM as a link, and replaces nothing unasked', async () => {
    const source = join(host, 'links');
    await mkdir(source);
    await writeFile(join(host, 'private'), 'private');
    await symlink(join(host, 'private'), join(source, 'leak'));
    await writeFile(join(source, 'a.txt'), 'from the host\n');
    await cp(source, `${machine.id}:`);
    expect(await machine.sh('readlink links/leak')).toBe(join(host, 'private'));
    const refused = await machine.cli.run(['cp', join(source, 'a.txt'), `${machine.id}:`]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('--keep-both') });
    await cp('--keep-both', join(source, 'a.txt'), `${machine.id}:`);
    expect(await machine.sh('cat a.txt "a (2).txt"')).toBe('one\nfrom the host');
  });

  test('leaves nothing behind when it is interrupted', async () => {
    const large = join(host, 'interrupted');
    await writeFile(large, randomBytes(60_000_000));
    const running = machine.cli.start(['cp', large, `${machine.id}:`]);
    await new Promise((resolve) => running.stderr.once('data', resolve));
    running.kill('SIGINT');
    expect((await running.finished).code).toBe(130);
    expect(await machine.sh('ls -A | grep -e interrupted -e bulkhead-copy || echo nothing')).toBe('nothing');
  });
});

describe('git in the VM', () => {
  test('is found, shows hostile names, stages, commits and branches as the machine’s user', async () => {
    await machine.sh(
      'mkdir repo; cd repo; git init -q -b main; echo one > a; printf x > "$(printf "line\\nbreak")"',
    );
    await machine.sh('cd repo; printf x > "$(printf "raw\\377")"');
    const guest = await app.guest(machine.id);
    expect(await findRepositories(guest, workspace)).toEqual({
      git: true,
      roots: [`${workspace}/repo`],
      unsafe: [],
    });
    const repository = new GitRepository(guest, `${workspace}/repo`);
    const status = await repository.status();
    expect(status.changes.map(({ path }) => path).sort()).toEqual(['a', 'line\nbreak']);
    expect(status).toMatchObject({ dropped: 1, truncated: false, branch: { name: 'main' } });
    expect(await repository.identity()).toEqual({});
    await repository.setIdentity({ name: 'Ada', email: 'ada@example.org' });
    await repository.stage(['a', 'line\nbreak']);
    await repository.commit('First');
    await repository.createBranch('topic/x');
    expect(
      await machine.sh('cd repo; git log --format="%s %an"; git branch --show-current; stat -c %U .git/HEAD'),
    ).toBe('First Ada\ntopic/x\nsailor');
  });

  test('stops at ten thousand changes', async () => {
    await machine.sh('mkdir -p repo/many; cd repo/many; seq 10050 | xargs touch');
    const repository = new GitRepository(await app.guest(machine.id), `${workspace}/repo`);
    const { changes, truncated } = await repository.status();
    expect([changes.length, truncated]).toEqual([10_000, true]);
    await machine.sh('rm -r repo/many');
  });

  test('says that a repository belongs to somebody else, and works once it is trusted', async () => {
    await machine.sh(`chown -R root ${workspace}/repo`, ['--user', 'root']);
    const guest = await app.guest(machine.id);
    const { roots, unsafe } = await findRepositories(guest, workspace);
    expect([roots, unsafe]).toEqual([[], [`${workspace}/repo`]]);
    const repository = new GitRepository(guest, `${workspace}/repo`);
    await expect(repository.status()).rejects.toMatchObject({ code: 'unsafe' });
    await repository.trust();
    expect((await repository.status()).branch.name).toBe('topic/x');
    expect((await findRepositories(guest, workspace)).unsafe).toEqual([]);
  });
});
