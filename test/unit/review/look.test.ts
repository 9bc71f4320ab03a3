import { execFileSync } from 'node:child_process';
import { chmod, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Gate, LocalGuest } from './localGuest';

let local: LocalGuest;
beforeAll(async () => {
  local = await LocalGuest.make();
});
afterAll(() => local.dispose());

describe('what changed since the copy', () => {
  test('is told by kind, and only what changed is read', async () => {
    const gate = await Gate.of(local, {
      'same.txt': 'same',
      'a.txt': 'a',
      'gone.txt': 'gone',
      'old/name.txt': 'moved',
      'run.sh': 'x',
      link: { link: 'a.txt' },
    });
    expect(await gate.review()).toMatchObject({ changes: [], hashedFiles: 0, truncated: false, notes: [] });
    await gate.inGuest({ 'a.txt': 'A!', 'new/deep/b.txt': 'b', 'name.txt': 'moved' });
    await rm(join(gate.workspace, 'gone.txt'));
    await rm(join(gate.workspace, 'old/name.txt'));
    await chmod(join(gate.workspace, 'run.sh'), 0o755);
    await rm(join(gate.workspace, 'link'));
    await symlink('same.txt', join(gate.workspace, 'link'));
    await mkdir(join(gate.workspace, 'empty'));
    expect(await gate.kinds()).toEqual([
      'modified a.txt',
      'added empty',
      'deleted gone.txt',
      'modified link',
      'renamed old/name.txt > name.txt',
      'added new/deep/b.txt',
      'mode run.sh',
    ]);
    expect((await gate.review()).hashedFiles).toBe(0);
    await gate.inGuest({ 'same.txt': 'other' });
    expect((await gate.review()).hashedFiles).toBe(1);
  });

  test('sees a change that keeps size and modification time', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'abc' });
    await writeFile(join(gate.workspace, 'a.txt'), 'xyz');
    await utimes(join(gate.workspace, 'a.txt'), 1000, 1000);
    expect(await gate.kinds()).toEqual(['modified a.txt']);
  });

  test('a file that was only touched is no change', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'abc' });
    await utimes(join(gate.workspace, 'a.txt'), 1000, 1000);
    expect(await gate.review()).toMatchObject({ changes: [], hashedFiles: 1 });
    expect((await gate.review()).hashedFiles).toBe(0);
  });

  test('what this computer has already is no change', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a', 'b.txt': 'b' });
    await gate.inGuest({ 'a.txt': 'A', 'new.txt': 'n' });
    await gate.onHost({ 'a.txt': 'A', 'new.txt': 'n' });
    await rm(join(gate.workspace, 'b.txt'));
    await rm(join(gate.host, 'b.txt'));
    expect(await gate.kinds()).toEqual([]);
  });

  test('conflicts say what happened here', async () => {
    const gate = await Gate.of(local, { 'm.txt': 'm', 'd.txt': 'd', 'gone.txt': 'g' });
    await gate.inGuest({ 'm.txt': 'guest', 'd.txt': 'guest', 'both.txt': 'guest' });
    await rm(join(gate.workspace, 'gone.txt'));
    await gate.onHost({ 'm.txt': 'host', 'both.txt': 'host', 'gone.txt': 'host' });
    await rm(join(gate.host, 'd.txt'));
    const { changes } = await gate.review();
    expect(changes.map(({ path, kind, conflict }) => [path, kind, conflict])).toEqual([
      ['both.txt', 'modified', 'added'],
      ['d.txt', 'modified', 'deleted'],
      ['gone.txt', 'deleted', 'modified'],
      ['m.txt', 'modified', 'modified'],
    ]);
  });

  test('excluded files are not there, whether in the guest or on this computer', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' }, { exclude: ['node_modules', '*.log'] });
    await gate.inGuest({ 'node_modules/x/index.js': 'x', 'src/a.log': 'log' });
    await gate.onHost({ 'b.log': 'b' });
    expect(await gate.kinds()).toEqual(['added src']);
  });

  test('without a baseline it is said, and the folder is compared as it is', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a', 'b.txt': 'b' }, { baseline: false });
    await gate.inGuest({ 'a.txt': 'A' });
    const review = await gate.review();
    expect(review.changes.map(({ path }) => path)).toEqual(['a.txt']);
    expect(review.notes).toEqual([expect.stringContaining('not known')]);
    await gate.onHost({ 'a.txt': 'host' });
    expect((await gate.change('a.txt')).conflict).toBe('modified');
  });

  test('what is too much to read is not taken for anything until it is read', async () => {
    const gate = await Gate.of(local, { 'zz/main.ts': 'ok();\n' });
    const large = Buffer.alloc(45 * 1024 * 1024);
    await gate.inGuest({
      a1: large,
      a2: large,
      a3: large,
      'zz/main.ts': 'ok(); evil(); // a\u202eb\n',
      'zz/new.ts': 'new\n',
      'zz/z.bin': '\0',
    });
    gate.with(await local.listingLast('zz'));
    const { token, changes } = await gate.review();
    const of = (path: string) => changes.find((each) => each.path === path);
    expect(of('a1')).toMatchObject({ binary: true });
    expect(of('a1')).not.toHaveProperty('unread');
    for (const path of ['zz/main.ts', 'zz/new.ts', 'zz/z.bin']) {
      expect(of(path)).toMatchObject({ binary: false, unread: true });
    }
    const [hunk] = await gate.gate.reviewHunks(token, 'zz/main.ts');
    expect(hunk?.lines).toEqual(['-ok();', '+ok(); evil(); // a\u202eb']);
    expect((await gate.gate.reviewHunks(token, 'zz/new.ts')).length).toBe(1);
    expect(await gate.gate.reviewHunks(token, 'zz/z.bin')).toEqual([]);
    const { applied, refused } = await gate.gate.applyReview(token, [
      { path: 'zz/main.ts' },
      { path: 'zz/new.ts' },
    ]);
    expect(applied).toEqual(['zz/new.ts']);
    expect(refused).toMatchObject([{ path: 'zz/main.ts', why: expect.stringContaining('can’t be seen') }]);
    // It was fetched: the next look knows.
    expect(await gate.change('zz/main.ts')).toMatchObject({ dangers: ['text'] });
  });

  test('a limit cuts the list and says so', async () => {
    const gate = await Gate.of(local, {});
    await gate.inGuest(Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`f${n}`, `${n}`])));
    const review = await gate.gate.review('m-1', { limit: 10 });
    expect(review).toMatchObject({ truncated: true });
    expect(review.changes.length).toBe(10);
  });
});

describe('what can never be brought back', () => {
  test('devices, FIFOs, names with control characters, disguised repositories, links that lead out', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' });
    execFileSync('mkfifo', [join(gate.workspace, 'fifo')]);
    await gate.inGuest({
      'line\nbreak': 'x',
      '\u202Egnp.exe': 'x',
      '.GIT/config': 'x',
      'g/.g\u200Cit/config': 'x',
      out: { link: '/etc/passwd' },
      up: { link: '../../outside' },
      'd/trick': { link: 'x/../../../..' },
      fine: { link: 'a.txt' },
    });
    const { changes } = await gate.review();
    const blocked = changes.filter((change) => change.blocked !== undefined).map(({ path }) => path);
    expect(blocked.sort()).toEqual(
      [
        '.GIT',
        '.GIT/config',
        'd/trick',
        'fifo',
        'g/.g\u200Cit',
        'g/.g\u200Cit/config',
        'line\nbreak',
        'out',
        'up',
        '\u202Egnp.exe',
      ].sort(),
    );
    const result = await gate.gate.applyReview(
      (await gate.review()).token,
      blocked.map((path) => ({ path, dangersAccepted: true, resolution: 'guest' as const })),
    );
    expect(result.applied).toEqual([]);
    expect(result.refused.length).toBe(blocked.length);
  });

  test('names that only case or Unicode tells apart', async () => {
    const gate = await Gate.of(local, { 'src/Main.ts': 'm', 'caf\u00e9.txt': 'c' });
    await gate.inGuest({
      'src/MAIN.ts': 'evil',
      'SRC/x.ts': 'evil',
      'cafe\u0301.txt': 'evil',
      'twins/A': '1',
      'twins/a': '2',
      'fine.txt': 'f',
    });
    const { changes } = await gate.review();
    expect(changes.filter(({ blocked }) => blocked === undefined).map(({ path }) => path)).toEqual([
      'fine.txt',
    ]);
    expect(changes.length).toBe(6);
  });

  test('a name that only changes its case is a rename', async () => {
    const gate = await Gate.of(local, { 'README.md': 'hello' });
    await rename(join(gate.workspace, 'README.md'), join(gate.workspace, 'readme.md'));
    expect(await gate.kinds()).toEqual(['renamed README.md > readme.md']);
    expect((await gate.apply({ path: 'readme.md' })).applied).toEqual(['readme.md']);
    expect(await gate.read('readme.md')).toBe('hello');
  });
});

describe('of a repository', () => {
  const init = async (host: string) => {
    execFileSync('git', ['init', '-q', host]);
  };
  test('hooks, config and attributes are shown, as dangers; objects and the index are not', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' }, { prepare: init });
    await gate.inGuest({
      '.git/hooks/pre-commit': { script: '#!/bin/sh\n' },
      '.git/hooks/other.sample': 'sample',
      '.git/info/attributes': '* filter=x',
      '.git/objects/ab/cdef': 'x',
      '.git/index': 'x',
      '.git/modules/sub/config': '[core]',
      'nested/.git/config': '[core]\n\tfsmonitor = evil',
      'nested/.git/HEAD': 'ref: refs/heads/x',
    });
    await writeFile(join(gate.workspace, '.git/config'), '[core]\n\tfsmonitor = evil\n');
    const { changes } = await gate.review();
    expect(
      changes.map(({ path, dangers, blocked }) => [path, dangers.includes('git'), blocked !== undefined]),
    ).toEqual([
      ['.git/config', true, false],
      ['.git/hooks/pre-commit', true, false],
      ['.git/info/attributes', true, false],
      ['.git/modules/sub/config', true, false],
      ['nested/.git', true, true],
    ]);
  });
});
