import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseHead, splitBundle } from '../../../src/review/commits/bundle';
import { hostGit } from '../../../src/review/commits/hostGit';
import { compatibleRefs, isSafeBranch } from '../../../src/review/commits/refNames';
import { Gate, LocalGuest } from './localGuest';

let local: LocalGuest;
beforeAll(async () => {
  local = await LocalGuest.make();
});
afterAll(() => local.dispose());

// Each commit a second after the last one: equal times leave git's order open.
let clock = 1_700_000_000;
const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args], {
    env: {
      ...process.env,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_COMMITTER_DATE: `${clock++} +0000`,
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
    .toString()
    .trim();

const first = async (host: string) => {
  git(host, 'init', '-q', '-b', 'main');
  git(host, 'add', '-A');
  git(host, 'commit', '-qm', 'First');
};

describe('git of this computer', () => {
  test('has bounds of memory and time', async () => {
    const tools = join(local.scratch, 'git-that-tells');
    await mkdir(tools);
    await writeFile(join(tools, 'git'), '#!/bin/sh\nulimit -v; ulimit -t; echo "$@"\n', { mode: 0o755 });
    const before = process.env['PATH'];
    process.env['PATH'] = `${tools}:${before ?? ''}`;
    try {
      const told = hostGit(['index-pack'], { gitFolder: local.scratch, objects: '/nonexistent' });
      const [memory, time, args] = (await told.finished).split('\n');
      expect(Number(memory)).toBeLessThanOrEqual(2 * 1024 * 1024);
      expect(Number(time)).toBeLessThanOrEqual(300);
      expect(args).toMatch(/-c core\.bigFileThreshold=\S+ .* index-pack$/);
    } finally {
      process.env['PATH'] = before;
    }
  });
});

describe('commits of the guest', () => {
  test('replace the refs of the last fetch, also those that git packed since', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' }, { prepare: first });
    git(gate.host, 'tag', '-a', 'v1', '-m', 'mine');
    git(gate.workspace, 'checkout', '-qb', 'old');
    git(gate.workspace, 'commit', '-q', '--allow-empty', '-m', 'Old');
    await gate.gate.fetchCommits('m-1');
    git(gate.host, 'pack-refs', '--all');
    git(gate.workspace, 'checkout', '-qb', 'new');
    git(gate.workspace, 'branch', '-D', 'old');
    git(gate.workspace, 'commit', '-q', '--allow-empty', '-m', 'New');
    await gate.gate.fetchCommits('m-1');
    const refs = git(gate.host, 'for-each-ref', '--format=%(refname)').split('\n');
    expect(refs).toContain('refs/remotes/bulkhead/m-1/new');
    expect(refs).not.toContain('refs/remotes/bulkhead/m-1/old');
    expect(refs).toEqual(expect.arrayContaining(['refs/heads/main', 'refs/tags/v1']));
    expect(git(gate.host, 'rev-parse', 'v1^{}')).toBe(git(gate.host, 'rev-parse', 'main'));
    expect(existsSync(join(gate.host, '.git/packed-refs.lock'))).toBe(false);
  });

  test('are listed, and come as refs of the folder’s repository', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' }, { prepare: first });
    expect(await gate.gate.fetchCommits('m-1')).toEqual([]);
    await gate.inGuest({ 'a.txt': 'b' });
    git(gate.workspace, 'commit', '-qam', 'Second');
    git(gate.workspace, 'checkout', '-qb', 'topic/x');
    await gate.inGuest({ 'c.txt': 'c' });
    git(gate.workspace, 'add', '-A');
    git(gate.workspace, 'commit', '-qm', 'Third');
    expect((await gate.review()).commits.map(({ branch, subject }) => [branch, subject])).toEqual([
      ['topic/x', 'Third'],
      ['main', 'Second'],
    ]);
    const fetched = await gate.gate.fetchCommits('m-1');
    expect(fetched.map(({ ref, commits }) => [ref, commits])).toEqual([
      ['bulkhead/m-1/main', 1],
      ['bulkhead/m-1/topic/x', 2],
    ]);
    expect(git(gate.host, 'log', '--format=%s', 'bulkhead/m-1/topic/x')).toBe('Third\nSecond\nFirst');
    git(gate.host, 'fsck', '--strict');
    expect(git(gate.host, 'status', '--porcelain')).toBe('');
    expect((await gate.review()).commits).toEqual([]);
    // Once more, after a branch took the place of a folder of refs.
    git(gate.workspace, 'checkout', '-q', 'main');
    git(gate.workspace, 'branch', '-D', 'topic/x');
    git(gate.workspace, 'checkout', '-qb', 'topic');
    git(gate.workspace, 'commit', '-q', '--allow-empty', '-m', 'Fourth');
    expect((await gate.gate.fetchCommits('m-1')).map(({ ref }) => ref)).toContain('bulkhead/m-1/topic');
    expect(git(gate.host, 'log', '-1', '--format=%s', 'bulkhead/m-1/topic')).toBe('Fourth');
  });

  test('nothing that the folder’s own settings or hooks name is run', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' }, { prepare: first });
    const marker = join(gate.data, 'ran');
    const program = join(gate.data, 'program');
    await writeFile(program, `#!/bin/sh\necho "$0 $*" >> ${marker}\ncat\n`);
    await chmod(program, 0o755);
    const evil = [
      ['core.fsmonitor', program],
      ['core.hooksPath', join(gate.host, '.git/hooks')],
      ['core.sshCommand', program],
      ['core.gitProxy', program],
      ['core.pager', program],
      ['core.editor', program],
      ['core.alternateRefsCommand', program],
      ['gpg.program', program],
      ['gc.auto', '1'],
      ['maintenance.auto', 'true'],
      ['transfer.credentialsInUrl', 'allow'],
      ['protocol.ext.allow', 'always'],
      ['url.ext::sh.insteadOf', '/'],
      ['filter.x.process', program],
      ['filter.x.smudge', program],
      ['uploadpack.packObjectsHook', program],
      ['include.path', join(gate.data, 'included')],
      ['remote.origin.url', `ext::${program}`],
      ['remote.origin.promisor', 'true'],
      ['remote.origin.partialclonefilter', 'blob:none'],
      ['extensions.partialClone', 'origin'],
      ['fetch.recurseSubmodules', 'true'],
    ];
    await writeFile(join(gate.data, 'included'), `[core]\n\tfsmonitor = ${program}\n`);
    for (const [key, value] of evil) {
      git(gate.host, 'config', key ?? '', value ?? '');
    }
    await mkdir(join(gate.host, '.git/hooks'), { recursive: true });
    for (const hook of [
      'reference-transaction',
      'post-checkout',
      'pre-auto-gc',
      'update',
      'post-update',
      'post-merge',
      'fsmonitor-watchman',
      'pre-receive',
      'post-receive',
      'proc-receive',
    ]) {
      await writeFile(join(gate.host, '.git/hooks', hook), `#!/bin/sh\necho hook ${hook} >> ${marker}\n`);
      await chmod(join(gate.host, '.git/hooks', hook), 0o755);
    }
    await gate.inGuest({
      'a.txt': 'b',
      '.gitattributes': '* filter=x',
      '.gitmodules': '[submodule "s"]\n\tpath = s\n\turl = ./s\n',
    });
    git(gate.workspace, 'add', '-A');
    git(gate.workspace, 'commit', '-qm', 'Second');
    const review = await gate.review();
    expect(review.commits.length).toBe(1);
    expect((await gate.gate.fetchCommits('m-1')).length).toBe(1);
    expect(existsSync(marker)).toBe(false);
    expect((await readFile(join(gate.host, '.git/refs/remotes/bulkhead/m-1/main'), 'utf8')).trim()).toBe(
      git(gate.workspace, 'rev-parse', 'HEAD'),
    );
    // The test would see a program run: git itself runs the hook.
    await rm(join(gate.host, '.git/config'));
    await writeFile(join(gate.host, '.git/config'), '[core]\n\trepositoryformatversion = 0\n');
    git(gate.host, 'update-ref', 'refs/heads/proof', 'HEAD');
    expect(existsSync(marker)).toBe(true);
  });

  test('a tree that has .git in it, or is no tree, is refused by git’s own check, and nothing is left', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' }, { prepare: first });
    const blob = git(gate.workspace, 'hash-object', '-w', 'a.txt');
    const entry = Buffer.concat([Buffer.from('100644 .git\0'), Buffer.from(blob, 'hex')]);
    const tree = execFileSync(
      'git',
      ['-C', gate.workspace, 'hash-object', '-t', 'tree', '--literally', '-w', '--stdin'],
      {
        input: entry,
      },
    )
      .toString()
      .trim();
    const commit = git(gate.workspace, 'commit-tree', tree, '-p', 'HEAD', '-m', 'evil');
    git(gate.workspace, 'update-ref', 'refs/heads/evil', commit);
    await expect(gate.gate.fetchCommits('m-1')).rejects.toThrow('refused');
    expect(existsSync(join(gate.host, '.git/refs/remotes'))).toBe(false);
    expect(
      existsSync(join(gate.host, '.git/objects/pack'))
        ? await readdir(join(gate.host, '.git/objects/pack'))
        : [],
    ).toEqual([]);
    expect((await readdir(join(gate.data, 'reviews'))).filter((name) => name.startsWith('commits-'))).toEqual(
      [],
    );
  });

  test('a .git that leads elsewhere is not written to', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' }, { prepare: first });
    git(gate.workspace, 'commit', '-q', '--allow-empty', '-m', 'Second');
    const elsewhere = join(gate.data, 'elsewhere');
    await rename(join(gate.host, '.git'), elsewhere);
    await writeFile(join(gate.host, '.git'), `gitdir: ${elsewhere}\n`);
    await expect(gate.gate.fetchCommits('m-1')).rejects.toThrow('leads elsewhere');
    await rm(join(gate.host, '.git'));
    await symlink(elsewhere, join(gate.host, '.git'));
    await expect(gate.gate.fetchCommits('m-1')).rejects.toThrow('leads elsewhere');
    await rm(join(gate.host, '.git'));
    await expect(gate.gate.fetchCommits('m-1')).rejects.toThrow('no git repository');
    await rename(elsewhere, join(gate.host, '.git'));
    await rename(join(gate.host, '.git/refs'), join(gate.data, 'refs'));
    await symlink(join(gate.data, 'refs'), join(gate.host, '.git/refs'));
    await expect(gate.gate.fetchCommits('m-1')).rejects.toThrow('no folder');
    expect(await readdir(join(gate.data, 'refs'))).not.toContain('remotes');
  });

  test('without git on this computer that is said', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' }, { prepare: first });
    git(gate.workspace, 'commit', '-q', '--allow-empty', '-m', 'Second');
    const { PATH } = process.env;
    const broken = local.withPath(PATH ?? '');
    process.env['PATH'] = join(gate.data, 'empty');
    try {
      await expect(gate.with(broken).fetchCommits('m-1')).rejects.toMatchObject({ kind: 'host' });
    } finally {
      process.env['PATH'] = PATH;
    }
  });
});

describe('names of branches', () => {
  test.each(['main', 'feature/x-1', 'ü', 'a.b'])('%j may be a ref', (name) =>
    expect(isSafeBranch(name)).toBe(true),
  );
  test.each([
    '',
    '@',
    '..',
    'a..b',
    '-x',
    'a/../b',
    '/a',
    'a//b',
    'a/',
    '.a',
    'a/.b',
    'a.',
    'a.lock',
    'a.LOCK/b',
    'a b',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[',
    'a\\b',
    'a@{1}',
    'a\nb',
    'a\u202eb',
    'a\u007f',
    'x'.repeat(300),
    '\u200d',
  ])('%j may not', (name) => expect(isSafeBranch(name)).toBe(false));

  test('those that can’t be files beside each other give way to the first', () => {
    const refs = ['a', 'a/b', 'A', 'c/d', 'c'].map((branch) => ({ branch, hash: '' }));
    expect(compatibleRefs(refs).kept.map(({ branch }) => branch)).toEqual(['a', 'c/d']);
  });
});

describe('a bundle', () => {
  const hash = 'a'.repeat(40);
  test('head is read strictly', () => {
    expect(
      parseHead(`# v2 git bundle\n-${hash} x\n${hash} refs/heads/main\n${hash} refs/heads/..\n${hash} HEAD`),
    ).toEqual({
      refs: [{ branch: 'main', hash }],
      droppedRefs: 1,
    });
    expect(() => parseHead(`# v3 git bundle\n${hash} refs/heads/main`)).toThrow('no bundle');
    expect(() => parseHead(`# v2 git bundle\nzzz refs/heads/main`)).toThrow('no bundle');
  });

  test('leaves no listener behind for each pause of git', async () => {
    const slow = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => void setImmediate(done),
    });
    const hash = '0'.repeat(40);
    const chunks = [
      `# v2 git bundle\n${hash} refs/heads/main\n\n`,
      ...Array.from({ length: 50 }, () => 'xx'),
    ];
    const most = { listeners: 0 };
    slow.on('newListener', () => {
      most.listeners = Math.max(most.listeners, slow.listenerCount('close'));
    });
    await splitBundle(Readable.from(chunks.map((each) => Buffer.from(each))), 10_000, () => slow);
    expect(most.listeners).toBeLessThan(3);
  });

  test('that is endless, in its head or behind it, is cut off', async () => {
    const nothing = () => new Writable({ write: (_chunk, _encoding, done) => done() });
    const endless = function* (start: string) {
      yield Buffer.from(start);
      for (;;) {
        yield Buffer.alloc(65_536, 'x');
      }
    };
    await expect(splitBundle(Readable.from(endless('# v2 git bundle\n')), 1e9, nothing)).rejects.toThrow(
      'no bundle',
    );
    await expect(
      splitBundle(Readable.from(endless(`# v2 git bundle\n${hash} refs/heads/main\n\n`)), 1e6, nothing),
    ).rejects.toThrow('larger than 1 MB');
  });
});
