import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findRepositories } from '../../../../src/guest/git/findRepositories';
import { gitFailure } from '../../../../src/guest/git/gitProcess';
import { GitRepository } from '../../../../src/guest/git/gitRepository';
import { OpenSshServer } from '../openSshServer';

describe('a repository behind SSH', { timeout: 60_000 }, () => {
  let server: OpenSshServer;
  let guest: ReturnType<OpenSshServer['guest']>;
  let root: string;
  let repository: GitRepository;
  let count = 0;

  const env = () => ({
    HOME: server.folder,
    GIT_CONFIG_NOSYSTEM: '1',
    PATH: process.env['PATH'] ?? '',
    LC_ALL: 'C',
  });
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: root, env: env(), encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const write = (path: string, content: string) => writeFile(join(root, path), content);

  beforeAll(async () => {
    server = await OpenSshServer.start();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    root = join(server.home, `repo${count++}`);
    await mkdir(root);
    git('init', '--quiet', '--initial-branch=main');
    git('config', 'user.name', 'Somebody');
    git('config', 'user.email', 'somebody@example.org');
    guest = server.guest({
      remoteEnv: { XDG_CONFIG_HOME: join(server.folder, 'none'), GIT_CONFIG_NOSYSTEM: '1' },
    });
    repository = new GitRepository(guest, root);
  });
  afterEach(async () => {
    guest.dispose();
    await rm(join(server.folder, '.gitconfig'), { force: true });
  });

  const shown = async () =>
    (await repository.status()).changes.map(
      ({ path, kind, index, worktree }) => `${kind[0]}${index}${worktree} ${path}`,
    );

  it('stages, unstages and commits, from before the first commit on', async () => {
    await write('a.txt', 'one\n');
    await write(':odd *.txt', 'two\n');
    expect(await shown()).toEqual(['u.. :odd *.txt', 'u.. a.txt']);
    await repository.stage(['a.txt', ':odd *.txt']);
    expect(await shown()).toEqual(['tA. :odd *.txt', 'tA. a.txt']);
    await repository.unstage(['a.txt']);
    expect(await shown()).toEqual(['tA. :odd *.txt', 'u.. a.txt']);
    await repository.stageAll();
    await repository.commit('First\n\n# kept, as nobody edits it\n');
    expect(git('log', '--format=%B').trim()).toBe('First\n\n# kept, as nobody edits it');
    expect((await repository.status()).branch).toMatchObject({
      name: 'main',
      head: git('rev-parse', 'HEAD').trim(),
    });
    await write('a.txt', 'changed\n');
    await repository.stageAll();
    await repository.unstageAll();
    expect(await shown()).toEqual(['t.M a.txt']);
    await expect(repository.commit('Nothing')).rejects.toMatchObject({ code: 'nothingToCommit' });
    await repository.stage(['a.txt']);
    await repository.commit('First, better', { amend: true });
    expect(git('log', '--format=%s').trim()).toBe('First, better');
    await repository.commit('', { amend: true, keepMessage: true });
    expect(await repository.lastMessage()).toBe('First, better');
  });

  it('discards changes and untracked files, those named and no others', async () => {
    await write('kept', 'old');
    await write('lost', 'old');
    await repository.stageAll();
    await repository.commit('Base');
    await write('kept', 'new');
    await write('lost', 'new');
    await write('*', 'untracked');
    await write('other', 'untracked');
    await repository.discard({ tracked: ['lost'], untracked: ['*'] });
    expect(await shown()).toEqual(['t.M kept', 'u.. other']);
    expect(await readFile(join(root, 'lost'), 'utf8')).toBe('old');
  });

  it('shows versions of a file, and says when there is none', async () => {
    const odd = '1:dir/-x\ny';
    await mkdir(join(root, '1:dir'));
    await write(odd, 'committed');
    await repository.stageAll();
    await repository.commit('Base');
    await write(odd, 'staged');
    await repository.stage([odd]);
    await write(odd, 'edited');
    expect((await repository.content('HEAD', odd))?.toString()).toBe('committed');
    expect((await repository.content(':0', odd))?.toString()).toBe('staged');
    expect(await repository.content('HEAD', 'never')).toBeUndefined();
    expect(await repository.isTracked(odd)).toBe(true);
    expect(await repository.isTracked('never')).toBe(false);
    await write('large', 'x'.repeat(9 * 1024 * 1024));
    await repository.stage(['large']);
    await expect(repository.content(':0', 'large')).rejects.toThrow(/too large/);
  });

  it('renames keep both names; a conflict is one', async () => {
    await write('old name', 'some text that is long enough to be found again\n'.repeat(5));
    await repository.stageAll();
    await repository.commit('Base');
    git('mv', 'old name', 'new name');
    expect((await repository.status()).changes).toMatchObject([
      { path: 'new name', originalPath: 'old name', index: 'R' },
    ]);
    await repository.commit('Renamed');
    await repository.createBranch('side');
    await write('new name', 'side\n');
    await repository.stageAll();
    await repository.commit('Side');
    await repository.switchTo({ name: 'main', remote: false });
    await write('new name', 'main\n');
    await repository.stageAll();
    await repository.commit('Main');
    expect(() => git('merge', 'side')).toThrow();
    expect(await shown()).toEqual(['cUU new name']);
  });

  it('lists, makes and switches branches; a remote one gets a local one that follows it', async () => {
    await write('a', 'a');
    await repository.stageAll();
    await repository.commit('Base \u001b[31m');
    git('branch', 'other');
    git('update-ref', 'refs/remotes/origin/far', 'HEAD');
    git('config', 'remote.origin.url', '/nowhere');
    git('config', 'remote.origin.fetch', '+refs/heads/*:refs/remotes/origin/*');
    await repository.createBranch('topic/new');
    expect(await repository.branches()).toMatchObject([
      { name: 'main', remote: false, current: false },
      { name: 'other' },
      { name: 'topic/new', current: true },
      { name: 'origin/far', remote: true },
    ]);
    await repository.switchTo({ name: 'origin/far', remote: true });
    expect((await repository.status()).branch).toMatchObject({ name: 'far', upstream: 'origin/far' });
    await expect(repository.createBranch('--help')).rejects.toMatchObject({ kind: 'usage' });
    await expect(repository.createBranch('other')).rejects.toThrow(/already exists/);
    await expect(repository.switchTo({ name: 'missing', remote: false })).rejects.toMatchObject({
      code: 'failed',
    });
  });

  it('asks whose commit it is, and keeps the answer in the repository', async () => {
    git('config', '--unset', 'user.name');
    git('config', '--unset', 'user.email');
    const whose = await repository.identity();
    await repository.setIdentity({ name: 'New Body', email: 'new@example.org' });
    expect(await repository.identity()).toEqual({ name: 'New Body', email: 'new@example.org' });
    expect(whose.name).not.toBe('New Body');
    await write('a', 'a');
    await repository.stageAll();
    await repository.commit('Whose');
    expect(git('log', '--format=%an <%ae>').trim()).toBe('New Body <new@example.org>');
  });

  it('runs no program that the repository names for a mere look', async () => {
    const trap = join(server.folder, 'trap');
    await writeFile(trap, `#!/bin/sh\ntouch ${trap}.sprung\n`);
    await chmod(trap, 0o755);
    git('config', 'core.fsmonitor', trap);
    await write('a', 'a');
    await repository.status();
    await expect(readFile(`${trap}.sprung`)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('says why a hook refused', async () => {
    const hook = join(root, '.git/hooks/pre-commit');
    await mkdir(join(root, '.git/hooks'), { recursive: true });
    await writeFile(hook, '#!/bin/sh\necho "the tests fail" >&2\nexit 1\n');
    await chmod(hook, 0o755);
    await write('a', 'a');
    await repository.stageAll();
    await expect(repository.commit('Refused')).rejects.toThrow(/the tests fail/);
  });

  it('finds the folder’s own repository and those below it, and follows no link', async () => {
    await mkdir(join(root, 'packages/broken/.git'), { recursive: true });
    for (const inner of ['packages/one', 'node_modules/dep']) {
      await mkdir(join(root, inner), { recursive: true });
      git('init', '--quiet', inner);
    }
    await symlink('/', join(root, 'packages/loop'));
    expect(await findRepositories(guest, join(root, 'packages'))).toEqual({
      git: true,
      roots: [root, join(root, 'packages/one')],
      unsafe: [],
    });
    expect((await findRepositories(guest, root)).roots).toEqual([root, join(root, 'packages/one')]);
  });

  it('knows git’s refusals', () => {
    const said = "fatal: detected dubious ownership in repository at '/x'\nTo add an exception…";
    expect(gitFailure('status', 128, said)).toMatchObject({ code: 'unsafe' });
    expect(gitFailure('status', 127, '')).toMatchObject({ code: 'missing' });
    expect(gitFailure('commit', 128, '*** Please tell me who you are.')).toMatchObject({
      code: 'noIdentity',
    });
    expect(gitFailure('add', 1, 'fatal: \u001b[2Jbad').message).toBe('git add failed in the VM: bad');
  });
});
