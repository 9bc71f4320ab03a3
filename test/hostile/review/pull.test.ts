import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { Gate, LocalGuest } from '../../unit/review/localGuest';
import { attack } from '../attack';
import { gitInit } from './git';

let local: LocalGuest;
beforeAll(async () => {
  local = await LocalGuest.make();
});
afterAll(() => local.dispose());

attack(
  {
    id: 'review-tasks-json',
    from: 'guest',
    tries:
      'The guest adds .vscode/tasks.json, a git hook, a package.json that runs something and a hidden right-to-left override, and hopes that "all" takes them along.',
    holds: 'Each is marked as dangerous and refused unless it is named itself.',
    promise: 'review-gate',
  },
  async () => {
    const gate = await Gate.of(local, { 'package.json': '{}' }, { prepare: gitInit });
    await gate.inGuest({
      '.vscode/tasks.json': '{}',
      '.git/hooks/post-checkout': { script: '#!/bin/sh\n' },
      'package.json': '{"scripts":{"install":"evil"}}',
      'src/login.ts': 'if (user !== "admin\u202e \u2066// only\u2069") {}\n',
      '.VSCODE/settings.json': '{}',
      harmless: 'x',
    });
    const { changes, token } = await gate.review();
    const { applied, refused } = await gate.gate.applyReview(
      token,
      changes.map(({ path }) => ({ path })),
    );
    expect(applied).toEqual(['harmless']);
    expect(existsSync(join(gate.host, '.vscode'))).toBe(false);
    return `${refused.length} refused, 1 harmless file applied`;
  },
);

attack(
  {
    id: 'review-swapped',
    from: 'guest',
    tries:
      'Between the review and the apply the guest changes bytes, puts a symlink in a file’s place and swaps a folder.',
    holds:
      'What differs from what was looked at is refused; what is written are the bytes that were looked at.',
    promise: 'review-gate',
  },
  async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a', 'd/b.txt': 'b', 'c.txt': 'c' });
    await gate.inGuest({ 'a.txt': 'seen', 'd/b.txt': 'seen', 'c.txt': 'seen' });
    const { token, changes } = await gate.review();
    await gate.inGuest({ 'a.txt': 'evil' });
    await rename(join(gate.workspace, 'd'), join(gate.workspace, 'e'));
    await symlink('/etc', join(gate.workspace, 'd'));
    await rm(join(gate.workspace, 'c.txt'));
    await symlink('/etc/shadow', join(gate.workspace, 'c.txt'));
    const { applied, refused } = await gate.gate.applyReview(
      token,
      changes.map(({ path }) => ({ path })),
    );
    expect(applied).toEqual([]);
    return `${refused.length} of 3 refused`;
  },
);

attack(
  {
    id: 'review-link-on-the-way',
    from: 'guest',
    tries:
      'A folder of the host is a link to somewhere else by the time of the apply; links that lead out are offered too.',
    holds:
      'Folders are held open one by one and no link is followed; a link that leads out of the folder is never made.',
    promise: 'review-gate',
  },
  async () => {
    const gate = await Gate.of(local, { 'src/x.ts': 'x', 'leaf.txt': 'leaf' });
    const outside = join(gate.data, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'leaf.txt'), 'leaf');
    await gate.inGuest({
      'leaf.txt': 'LEAF',
      'src/x.ts': 'X',
      'src/new/y.ts': 'Y',
      out: { link: '../data/outside' },
      etc: { link: '/etc' },
    });
    const { token, changes } = await gate.review();
    await rename(join(gate.host, 'src'), join(gate.host, 'before'));
    await symlink(outside, join(gate.host, 'src'));
    await rm(join(gate.host, 'leaf.txt'));
    await symlink(join(outside, 'leaf.txt'), join(gate.host, 'leaf.txt'));
    const { applied, refused } = await gate.gate.applyReview(
      token,
      changes.map(({ path }) => ({ path, dangersAccepted: true, resolution: 'guest' as const })),
    );
    expect(applied).toEqual([]);
    expect(await readdir(outside)).toEqual(['leaf.txt']);
    expect(await readFile(join(outside, 'leaf.txt'), 'utf8')).toBe('leaf');
    return `${refused.length} refused, nothing outside`;
  },
);

attack(
  {
    id: 'review-swap-mid-apply',
    from: 'guest',
    tries:
      'While an apply writes, a program here that works for the guest swaps the next folder for a link, and the next file for another.',
    holds:
      'Each step looks again through folders that are held open: it refuses, what was written before stays undoable, nothing lands behind the link.',
    promise: 'review-gate',
  },
  async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a', 'b/b.txt': 'b', 'c.txt': 'c' });
    const outside = join(gate.data, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'b.txt'), 'b');
    await gate.inGuest({ 'a.txt': 'A', 'b/b.txt': 'B', 'b/new.txt': 'N', 'c.txt': 'C' });
    const { token, changes } = await gate.review();
    const swap = ({ done }: { done?: number | undefined }) => {
      if (done === 1) {
        renameSync(join(gate.host, 'b'), join(gate.host, 'before'));
        symlinkSync(outside, join(gate.host, 'b'));
        writeFileSync(join(gate.host, 'c.txt'), 'mine');
      }
    };
    const { applied, applyId } = await gate.gate.applyReview(
      token,
      changes.map(({ path }) => ({ path })),
      { onProgress: once(swap) },
    );
    expect(applied).toEqual(['a.txt']);
    expect(await readdir(outside)).toEqual(['b.txt']);
    expect(await readFile(join(outside, 'b.txt'), 'utf8')).toBe('b');
    expect(await gate.read('c.txt')).toBe('mine');
    expect(await gate.gate.undoApply(applyId)).toEqual({ restored: ['a.txt'], kept: [] });
    return '3 of 4 refused, the first taken back by undo';
  },
);

attack(
  {
    id: 'review-name-tricks',
    from: 'guest',
    tries:
      'Names that differ only in case or Unicode from a file of the host, that pass for .git, or that hold control and direction characters; devices and FIFOs.',
    holds: 'All of them are blocked, whatever is ticked.',
    promise: 'review-gate',
  },
  async () => {
    const gate = await Gate.of(local, { Makefile: 'all:', 'caf\u00e9': 'c' });
    await gate.inGuest({
      makefile: 'x',
      'cafe\u0301': 'x',
      '.GIT/config': 'x',
      '.g\u200cit/hooks/pre-commit': 'x',
      'sub/.git /config': 'x',
      'GIT~1/config': 'x',
      'a\u202eb': 'x',
      'a\nb': 'x',
    });
    execFileSync('mkfifo', [join(gate.workspace, 'fifo')]);
    const before = gate.snapshot();
    const { token, changes } = await gate.review();
    expect(changes.every(({ blocked }) => blocked !== undefined)).toBe(true);
    const { applied } = await gate.gate.applyReview(
      token,
      changes.map(({ path }) => ({ path, dangersAccepted: true, resolution: 'guest' as const })),
    );
    expect(applied).toEqual([]);
    expect(gate.snapshot()).toBe(before);
    return `${changes.length} blocked`;
  },
);

attack(
  {
    id: 'review-lying-tool',
    from: 'guest',
    tries:
      'The guest replaces the tool that lists the workspace by one of its own: paths with "..", absolute ones, names cut by a NUL, an endless record, a file that is larger than it said.',
    holds: 'The list is refused as a whole; nothing is written here.',
    promise: 'review-gate',
  },
  async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' });
    const before = gate.snapshot();
    const entry = (path: string) => `f 644 5 1700000000.000000001 1700000000.000000002 42 ${path}`;
    const lists = [
      ...['../evil', 'a/../../evil', '/etc/passwd', './a', 'a//b'].map((path) => [entry(path), 'end 1']),
      [entry('a\0/etc/passwd'), 'end 1'],
      [entry('x'.repeat(100_000)), 'end 1'],
      ['! ../..', 'end 0'],
      [entry('a.txt')],
      ['l 777 1 1.000000000 1.000000000 1 link', 'end 1'],
    ];
    const tools = join(gate.data, 'tools');
    await mkdir(tools);
    for (const list of lists) {
      await writeFile(join(tools, 'list'), list.map((record) => `${record}\0`).join(''));
      await writeFile(join(tools, 'tree'), `#!/bin/sh\nexec cat ${join(tools, 'list')}\n`, { mode: 0o755 });
      await expect(gate.with(local.withTools(tools)).review('m-1')).rejects.toThrow('sent a list that');
    }
    // An honest list, then a file that has more bytes than may be brought.
    await writeFile(join(tools, 'list'), `${entry('a.txt')}\0end 1\0`);
    await writeFile(
      join(tools, 'tree'),
      `#!/bin/sh\n[ "$1" = list ] && exec cat ${join(tools, 'list')}\nprintf '99999999999\\0'; exec yes\n`,
      { mode: 0o755 },
    );
    await expect(gate.with(local.withTools(tools)).review('m-1')).rejects.toThrow('not its own');
    expect(gate.snapshot()).toBe(before);
    return `${lists.length + 1} answers refused`;
  },
);

/** Progress comes again when a step is refused. */
function once<T extends { done?: number | undefined }>(work: (progress: T) => void): (progress: T) => void {
  let done = false;
  return (progress) => {
    if (!done) {
      done = true;
      work(progress);
    }
  };
}
