import { execFileSync } from 'node:child_process';
import { renameSync, symlinkSync } from 'node:fs';
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { HostFolder } from '../../../src/guest/copy/hostFolder';
import { APPLY_MAX } from '../../../src/review/apply/applyChanges';
import { ApplyJournals } from '../../../src/review/apply/applyJournals';
import { Gate, LocalGuest } from './localGuest';

let local: LocalGuest;
beforeAll(async () => {
  local = await LocalGuest.make();
});
afterAll(() => local.dispose());

describe('what is applied', () => {
  test('is exactly what was picked; undo gives back bytes and modes; then it shows again', async () => {
    const gate = await Gate.of(local, {
      'a.txt': 'a\r\nb',
      'gone/only.txt': 'gone',
      'mode.txt': 'm',
      'old.txt': 'moved along',
      'untouched.txt': 'u',
    });
    await chmod(join(gate.host, 'a.txt'), 0o640);
    const before = gate.snapshot();
    await gate.inGuest({ 'a.txt': 'A\r\nb', 'n/e/w.txt': 'new', 'new.txt': 'moved along', 'skip.txt': 's' });
    await rm(join(gate.workspace, 'gone'), { recursive: true });
    await rm(join(gate.workspace, 'old.txt'));
    await chmod(join(gate.workspace, 'mode.txt'), 0o4755);
    const picked = ['a.txt', 'gone/only.txt', 'n/e/w.txt', 'new.txt'];
    const result = await gate.apply(...picked.map((path) => ({ path })), {
      path: 'mode.txt',
      dangersAccepted: true,
    });
    expect(result.refused).toEqual([]);
    expect(result.applied.sort()).toEqual([...picked, 'mode.txt'].sort());
    expect(await gate.read('a.txt')).toBe('A\r\nb');
    expect((await lstat(join(gate.host, 'a.txt'))).mode & 0o7777).toBe(0o640);
    // The executable bit came with its tick, setuid never does.
    expect((await lstat(join(gate.host, 'mode.txt'))).mode & 0o7111).toBe(0o111);
    expect((await readdir(gate.host)).sort()).toEqual(['a.txt', 'mode.txt', 'n', 'new.txt', 'untouched.txt']);
    expect(await gate.kinds()).toEqual(['added skip.txt']);
    expect((await gate.gate.appliedChanges('m-1')).map(({ applyId }) => applyId)).toEqual([result.applyId]);

    expect((await gate.restarted().gate.undoApply(result.applyId)).kept).toEqual([]);
    expect(gate.snapshot()).toBe(before);
    expect((await gate.kinds()).length).toBe(6);
    await expect(gate.gate.undoApply(result.applyId)).rejects.toThrow('undone already');
    expect(await gate.gate.appliedChanges('m-1')).toEqual([]);
  });

  test('undo spares what was changed since', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a', 'b.txt': 'b' });
    await gate.inGuest({ 'a.txt': 'A', 'b.txt': 'B', 'c/new.txt': 'C' });
    const { applyId } = await gate.apply({ path: 'a.txt' }, { path: 'b.txt' }, { path: 'c/new.txt' });
    await gate.onHost({ 'a.txt': 'mine', 'c/mine.txt': 'mine' });
    expect(await gate.gate.undoApply(applyId)).toEqual({ restored: ['c/new.txt', 'b.txt'], kept: ['a.txt'] });
    expect(await gate.read('a.txt')).toBe('mine');
    expect(await gate.read('c/mine.txt')).toBe('mine');
  });

  test('dangers and conflicts need their own decision', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a', 'package.json': '{"scripts":{}}' });
    await gate.inGuest({
      '.vscode/tasks.json': '{}',
      'a.txt': 'guest',
      'package.json': '{"scripts":{"postinstall":"evil"}}',
      'run.sh': { script: '#!/bin/sh' },
    });
    await gate.onHost({ 'a.txt': 'host' });
    const paths = ['.vscode/tasks.json', 'a.txt', 'package.json', 'run.sh'];
    const refused = await gate.apply(...paths.map((path) => ({ path })));
    expect(refused.applied).toEqual([]);
    expect(refused.refused.map(({ path }) => path)).toEqual(paths);
    expect(await gate.read('a.txt')).toBe('host');
    const decided = await gate.apply(
      { path: '.vscode/tasks.json', dangersAccepted: true },
      { path: 'a.txt', resolution: { merged: Buffer.from('merged') } },
    );
    expect(decided.applied.sort()).toEqual(['.vscode/tasks.json', 'a.txt']);
    expect(await gate.read('a.txt')).toBe('merged');
    // Decided once, it is no change until one of the two sides changes again.
    expect(await gate.kinds()).toEqual(['modified package.json', 'added run.sh']);
    await gate.inGuest({ 'a.txt': 'guest again' });
    expect(await gate.change('a.txt')).not.toHaveProperty('conflict');
  });

  test('some hunks only: the rest still shows, and is no conflict', async () => {
    const lines = Array.from({ length: 40 }, (_, n) => `line ${n}\n`);
    const gate = await Gate.of(local, { 'l.txt': lines.join('') });
    const edited = lines.map((line, n) => (n === 3 || n === 30 ? `EDITED ${n}\n` : line));
    await gate.inGuest({ 'l.txt': edited.join('') });
    const { token } = await gate.review();
    const hunks = await gate.gate.reviewHunks(token, 'l.txt');
    expect(hunks.map(({ index, hostStart }) => [index, hostStart])).toEqual([
      [0, 1],
      [1, 28],
    ]);
    const result = await gate.gate.applyReview(token, [
      { path: 'l.txt', hunks: hunks.slice(1).map(({ id }) => id) },
    ]);
    expect(result.refused).toEqual([]);
    expect(await gate.read('l.txt')).toBe(lines.map((line, n) => (n === 30 ? 'EDITED 30\n' : line)).join(''));
    const left = await gate.change('l.txt');
    expect(left).toMatchObject({ kind: 'modified' });
    expect(left).not.toHaveProperty('conflict');
    await gate.gate.undoApply(result.applyId);
    expect(await gate.read('l.txt')).toBe(lines.join(''));
  });
});

describe('dangers of what is written', () => {
  test('count where only parts are taken: the whole can hide them', async () => {
    const pad = (name: string) => Array.from({ length: 10 }, (_, n) => ` "${name}${n}": 1,`);
    const tests = ' "scripts": {"test":"t"},';
    const of = (...middle: string[]) => ['{', tests, ...pad('a'), ...middle, ' "z": 1', '}', ''].join('\n');
    const gate = await Gate.of(local, { 'package.json': of(...pad('b')) });
    // The last of two keys wins: the whole runs what it ran before.
    await gate.inGuest({ 'package.json': of(' "scripts": {"postinstall":"evil"},', ...pad('b'), tests) });
    const { token, changes } = await gate.review();
    expect(changes).toMatchObject([{ path: 'package.json', dangers: [] }]);
    const hunks = (await gate.gate.reviewHunks(token, 'package.json')).map(({ id }) => id);
    expect(hunks.length).toBe(2);
    const take = (...ids: string[]) => gate.gate.applyReview(token, [{ path: 'package.json', hunks: ids }]);
    expect((await take(...hunks.slice(0, 1))).refused).toMatchObject([
      { why: expect.stringContaining('tick') },
    ]);
    expect((await take(...hunks)).applied).toEqual(['package.json']);
  });

  test('of a merge by hand count too', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' });
    await gate.inGuest({ 'a.txt': 'guest' });
    await gate.onHost({ 'a.txt': 'host' });
    const merged = Buffer.from('host and\u202e guest');
    expect((await gate.apply({ path: 'a.txt', resolution: { merged } })).applied).toEqual([]);
  });

  test('of a rename are those of its new name, and what it had before it may keep', async () => {
    const gate = await Gate.of(local, {
      'fixture.json': '{"scripts":{"postinstall":"x"}}',
      'z.txt': 'a\u200bb',
    });
    await rename(join(gate.workspace, 'fixture.json'), join(gate.workspace, 'package.json'));
    await rename(join(gate.workspace, 'z.txt'), join(gate.workspace, 'z2.txt'));
    const { token, changes } = await gate.review();
    expect(changes.map(({ path, dangers }) => [path, dangers])).toEqual([
      ['package.json', ['scripts']],
      ['z2.txt', []],
    ]);
    const plain = changes.map(({ path }) => ({ path }));
    expect((await gate.gate.applyReview(token, plain)).applied).toEqual(['z2.txt']);
    const ticked = await gate.apply({ path: 'package.json', dangersAccepted: true });
    expect(ticked.applied).toEqual(['package.json']);
  });
});

describe('new folders', () => {
  const most = { ...APPLY_MAX };
  afterEach(() => Object.assign(APPLY_MAX, most));

  test('are in the journal before anything is written, once, and only those that were made are left in it', async () => {
    const gate = await Gate.of(local, { 'b/x.txt': 'x' });
    const before = gate.snapshot();
    const deep = (name: string) => `${name}/${Array.from({ length: 60 }, (_, n) => n).join('/')}`;
    await gate.inGuest({ [`${deep('a')}/1.txt`]: '1', [`${deep('a')}/2.txt`]: '2', 'b/n/y.txt': 'y' });
    const { token, changes } = await gate.review();
    const written = vi.spyOn(ApplyJournals.prototype, 'write');
    const swap = ({ done }: { done?: number | undefined }) => {
      if (done === 1) {
        renameSync(join(gate.host, 'b'), join(gate.host, 'c'));
        symlinkSync('c', join(gate.host, 'b'));
      }
    };
    const { applied, refused, applyId } = await gate.gate
      .applyReview(
        token,
        changes.map(({ path }) => ({ path })),
        { onProgress: swap },
      )
      .finally(() => written.mockRestore());
    // Planned, applied, and what the baseline was: not one for each folder.
    expect(written.mock.calls.length).toBeLessThanOrEqual(3);
    expect(applied.length).toBe(2);
    expect(refused).toMatchObject([{ path: 'b/n/y.txt' }]);
    const file = join(gate.data, 'backups', applyId, 'journal.json');
    const { steps } = JSON.parse(await readFile(file, 'utf8')) as { steps: { path: string }[] };
    expect(steps.length).toBe(61 + 2);
    await rm(join(gate.host, 'b'));
    await rename(join(gate.host, 'c'), join(gate.host, 'b'));
    await gate.gate.undoApply(applyId);
    expect(gate.snapshot()).toBe(before);
  });

  test('are bounded', async () => {
    APPLY_MAX.folders = 100;
    const gate = await Gate.of(local, {});
    const deep = (name: number) => Array.from({ length: 45 }, (_, n) => `${name}${n}`).join('/');
    await gate.inGuest(Object.fromEntries(Array.from({ length: 3 }, (_, n) => [`${deep(n)}/f.txt`, 'f'])));
    const { token, changes } = await gate.review();
    const { applied, refused, applyId } = await gate.gate.applyReview(
      token,
      changes.map(({ path }) => ({ path })),
    );
    expect(applied.length).toBe(2);
    expect(refused).toMatchObject([{ why: expect.stringContaining('folders') }]);
    await gate.gate.undoApply(applyId);
    expect(await readdir(gate.host)).toEqual([]);
  });
});

describe('links', () => {
  test('are made under their own name: link(2), which some systems follow, is for files only', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' });
    await gate.inGuest({ l: { link: 'a.txt' } });
    const { applied, applyId } = await gate.apply({ path: 'l', dangersAccepted: true });
    expect(applied).toEqual(['l']);
    expect((await lstat(join(gate.host, 'l'))).isSymbolicLink()).toBe(true);
    const folder = await HostFolder.open(gate.host);
    await expect(folder.moveNew('l', 'm')).rejects.toThrow('no regular file');
    await folder.close();
    await gate.gate.undoApply(applyId);
    expect(await readdir(gate.host)).toEqual(['a.txt']);
  });
});

describe('between the look and the apply', () => {
  test('what the guest changed is refused: other bytes, a link in its place, gone', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c', 'ok.txt': 'o' });
    await gate.inGuest({ 'a.txt': 'seen', 'b.txt': 'seen', 'c.txt': 'seen', 'ok.txt': 'seen' });
    const { token } = await gate.review();
    await gate.inGuest({ 'a.txt': 'evil' });
    await rm(join(gate.workspace, 'b.txt'));
    await symlink('/etc/passwd', join(gate.workspace, 'b.txt'));
    await rm(join(gate.workspace, 'c.txt'));
    const result = await gate.gate.applyReview(
      token,
      ['a.txt', 'b.txt', 'c.txt', 'ok.txt'].map((path) => ({ path })),
    );
    expect(result.applied).toEqual(['ok.txt']);
    expect(result.refused.map(({ path }) => path)).toEqual(['a.txt', 'b.txt', 'c.txt']);
    expect(await gate.read('ok.txt')).toBe('seen');
  });

  test('what changed here is refused: the file, a folder swapped for a link, the whole folder', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a', 'src/x.ts': 'x' });
    const outside = join(gate.data, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'x.ts'), 'x');
    await gate.inGuest({ 'a.txt': 'A', 'src/x.ts': 'X', 'src/new.ts': 'N' });
    const { token } = await gate.review();
    await gate.onHost({ 'a.txt': 'mine' });
    await rename(join(gate.host, 'src'), join(gate.host, 'src-before'));
    await symlink(outside, join(gate.host, 'src'));
    const paths = ['a.txt', 'src/x.ts', 'src/new.ts'];
    const result = await gate.gate.applyReview(
      token,
      paths.map((path) => ({ path })),
    );
    expect(result.applied).toEqual([]);
    expect(result.refused.length).toBe(3);
    expect(await readdir(outside)).toEqual(['x.ts']);
    expect(await readFile(join(outside, 'x.ts'), 'utf8')).toBe('x');
    await rename(gate.host, `${gate.host}-before`);
    await symlink(outside, gate.host);
    await expect(gate.gate.applyReview(token, [{ path: 'a.txt' }])).rejects.toThrow('not the one');
    expect(await readdir(outside)).toEqual(['x.ts']);
  });

  test('a device or FIFO that has the name here is neither read nor replaced', async () => {
    const gate = await Gate.of(local, {});
    await gate.inGuest({ pipe: 'x' });
    execFileSync('mkfifo', [join(gate.host, 'pipe')]);
    expect((await gate.change('pipe')).blocked).toContain('no plain file');
    expect((await gate.apply({ path: 'pipe', resolution: 'guest' })).applied).toEqual([]);
    expect((await lstat(join(gate.host, 'pipe'))).isFIFO()).toBe(true);
  });

  test('an unknown, doubled or stale selection is refused', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' });
    await gate.inGuest({ 'a.txt': 'A' });
    const { token } = await gate.review();
    const result = await gate.gate.applyReview(token, [
      { path: '../outside' },
      { path: 'a.txt' },
      { path: 'a.txt' },
    ]);
    expect(result.applied).toEqual(['a.txt']);
    expect(result.refused.map(({ path }) => path)).toEqual(['../outside', 'a.txt']);
    for (let n = 0; n < 5; n++) {
      await gate.review();
    }
    await expect(gate.gate.applyReview(token, [{ path: 'a.txt' }])).rejects.toThrow('not kept any more');
    await expect(gate.gate.applyReview('../../etc', [])).rejects.toThrow('Not a token');
  });
});

describe('an apply that was killed', () => {
  test('is taken back at the next call, whole or half, and that is said', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a', 'b.txt': 'b', 'gone.txt': 'g' });
    const before = gate.snapshot();
    await gate.inGuest({ 'a.txt': 'A', 'b.txt': 'B', 'n/new.txt': 'N' });
    await rm(join(gate.workspace, 'gone.txt'));
    const { applyId } = await gate.apply(
      ...['a.txt', 'b.txt', 'gone.txt', 'n/new.txt'].map((path) => ({ path })),
    );
    const file = join(gate.data, 'backups', applyId, 'journal.json');
    const journal = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...journal, state: 'applying' }));
    // As if the kill had come before this one was written, with its new bytes still under the other name.
    await writeFile(join(gate.host, 'b.txt'), 'b');
    const step = journal.steps.find(({ path }: { path: string }) => path === 'b.txt');
    await writeFile(join(gate.host, step.temporary), 'B');
    const { notes } = await gate.restarted().gate.review('m-1');
    expect(notes).toEqual([expect.stringContaining('taken back')]);
    expect(gate.snapshot()).toBe(before);
    expect((await gate.review()).notes).toEqual([]);
    expect(await gate.gate.appliedChanges('m-1')).toEqual([]);
  });

  test('a cancelled one leaves everything as it was', async () => {
    const gate = await Gate.of(local, {});
    await gate.inGuest(Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`f${n}.txt`, `${n}`])));
    const before = gate.snapshot();
    const { token, changes } = await gate.review();
    const stop = new AbortController();
    const applying = gate.gate.applyReview(
      token,
      changes.map(({ path }) => ({ path })),
      { signal: stop.signal, onProgress: ({ done }) => (done === 5 ? stop.abort() : undefined) },
    );
    await expect(applying).rejects.toMatchObject({ kind: 'cancelled' });
    expect(gate.snapshot()).toBe(before);
    expect(await gate.gate.appliedChanges('m-1')).toEqual([]);
  });
});

describe('sides', () => {
  test('of a conflict are three: what was copied comes from the guest’s git, if its bytes are the copy’s', async () => {
    const commit = async (host: string) => {
      const git = (...args: string[]) =>
        execFileSync('git', ['-C', host, '-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args]);
      git('init', '-q', '-b', 'main');
      git('add', '-A');
      git('commit', '-qm', 'First');
    };
    const gate = await Gate.of(local, { 'a.txt': 'base\n' }, { prepare: commit });
    await gate.inGuest({ 'a.txt': 'guest\n' });
    await gate.onHost({ 'a.txt': 'host\n' });
    const { token } = await gate.review();
    const sides = await gate.gate.reviewSides(token, 'a.txt');
    expect([sides.host, sides.guest, sides.base].map(String)).toEqual(['host\n', 'guest\n', 'base\n']);
    await gate.onHost({ 'a.txt': 'host again\n' });
    await expect(gate.gate.reviewSides(token, 'a.txt')).rejects.toThrow('changed on this computer');
  });
});
