import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Gate, LocalGuest } from '../review/localGuest';
import { fakeMachine } from './fakeMachine';
import { runFake } from './fakeTerminal';

let local: LocalGuest;
let gate: Gate;
beforeAll(async () => {
  local = await LocalGuest.make();
});
afterAll(() => local.dispose());
beforeEach(async () => {
  gate = await Gate.of(local, { 'a.txt': 'a\n', 'b.txt': 'b\n', 'package.json': '{}\n' });
});

const pull = (...args: string[]) => {
  const review = gate.gate;
  return runFake(['pull', 'm-1', ...args], {
    find: async () => fakeMachine({ id: 'm-1' }),
    review: (id, options) => review.review(id, options),
    keptReview: (id, token) => review.keptReview(id, token),
    reviewHunks: (token, path, options) => review.reviewHunks(token, path, options),
    applyReview: (token, selections, options) => review.applyReview(token, selections, options),
    appliedChanges: (id) => review.appliedChanges(id),
    undoApply: (applyId) => review.undoApply(applyId),
  });
};
const json = async (...args: string[]) => JSON.parse((await pull(...args, '--json')).stdout);
const SCRIPTS = '{"scripts":{"test":"x"}}\n';

describe('pull --apply takes', () => {
  it('the look that was printed last, part by part, until all of it is here', async () => {
    await gate.inGuest({ 'a.txt': 'A\n', 'b.txt': 'B\n', 'package.json': SCRIPTS });
    const { stdout } = await pull();
    const [, token] = /^look: (m-1_[0-9a-f]{32}) /m.exec(stdout) ?? [];
    await gate.inGuest({ 'new.txt': 'not printed\n' });
    expect(await json('--apply', '--path', 'a.txt')).toMatchObject({ applied: ['a.txt'], look: token });
    expect(await json('--apply', '--all')).toMatchObject({
      applied: ['b.txt'],
      refused: [],
      left: ['package.json'],
      notes: [expect.stringContaining('look now')],
    });
    expect(await json('--apply', '--danger', 'package.json')).toMatchObject({ applied: ['package.json'] });
    // Nothing of that look is left: ordinary changes are looked at and taken in one go again.
    expect(await json('--apply', '--all')).toMatchObject({ applied: ['new.txt'], notes: [] });
  });

  it('what the machine has now, if nothing was printed or with --look now: ordinary changes only', async () => {
    await gate.inGuest({ 'a.txt': 'A\n', 'package.json': SCRIPTS });
    expect(await json('--apply', '--all')).toMatchObject({ applied: ['a.txt'], left: ['package.json'] });
    for (const now of [[], ['--look', 'now']]) {
      for (const careful of ['--danger', '--take-guest']) {
        const outcome = await pull('--apply', careful, 'package.json', ...now);
        expect(outcome).toMatchObject({ code: 2, stdout: '' });
        expect(outcome.stderr).toContain('pull m-1 --diff');
      }
    }
    await pull();
    await gate.inGuest({ 'b.txt': 'B\n' });
    expect(await json('--apply', '--all')).toMatchObject({ applied: [] });
    expect(await json('--apply', '--all', '--look', 'now')).toMatchObject({ applied: ['b.txt'] });
    expect(await gate.read('package.json')).toBe('{}\n');
  });

  it('the look that --look names, also when newer ones were printed', async () => {
    await gate.inGuest({ 'package.json': SCRIPTS });
    const { token } = await json();
    await pull();
    expect((await pull('--look', token)).stdout).toContain('M package.json  DANGER: scripts');
    const applied = await json('--apply', '--danger', 'package.json', '--look', token);
    expect(applied).toMatchObject({ applied: ['package.json'], look: token });
  });

  it('no look of another machine, none that is gone, none that is no token', async () => {
    for (const look of [`m-2_${'0'.repeat(32)}`, `m-1_${'0'.repeat(32)}`, '../x']) {
      expect(await pull('--apply', '--all', '--look', look)).toMatchObject({ code: 2, stdout: '' });
    }
  });

  it('what was undone once more', async () => {
    await gate.inGuest({ 'a.txt': 'A\n' });
    await rm(join(gate.workspace, 'b.txt'));
    await pull();
    expect(await json('--apply', '--all')).toMatchObject({ applied: ['b.txt', 'a.txt'] });
    await pull('--undo');
    expect(await gate.read('b.txt')).toBe('b\n');
    expect(await json('--apply', '--path', '*.txt')).toMatchObject({ applied: ['b.txt', 'a.txt'] });
  });

  it('a printed look, however often a script looks and applies in between', async () => {
    await gate.inGuest({ 'a.txt': 'A\n' });
    await pull();
    for (let n = 0; n < 6; n++) {
      await pull('--apply', '--path', 'nothing', '--look', 'now');
      await gate.review();
    }
    await gate.inGuest({ 'a.txt': 'swapped\n' });
    expect(await json('--apply', '--all')).toMatchObject({ refused: [{ path: 'a.txt' }] });
  });
});

describe('pull --diff prints', () => {
  it('every line as what it is: carriage returns, directions and joiners by number', async () => {
    await gate.inGuest({ 'a.txt': 'a // \u202e\r\tevil()\u200b\n', 'c\u200b.txt': 'c\n' });
    const { stdout } = await pull('--diff');
    expect(stdout).toContain('    -a\n    +a // \\u{202e}\\u{d}\tevil()\\u{200b}\n');
    expect(stdout).toContain('A c\\u{200b}.txt');
  });

  it('added texts, and what it does not print', async () => {
    const long = (word: string) => Array.from({ length: 3_000 }, (_, n) => `${word} ${n}\n`).join('');
    await gate.onHost({ 'b.txt': long('mine') });
    await gate.inGuest({
      'b.txt': long('theirs'),
      'dir/new.txt': 'all of it\n',
      'huge.txt': 'x'.repeat(5 * 1024 * 1024 + 1),
      'picture.bin': Buffer.from([0, 1, 2]),
    });
    const { stdout } = await pull('--diff');
    expect(stdout).toContain('A dir/new.txt (10 B)\n    @@ -0,0 +1,1 @@\n    +all of it\n');
    expect(stdout).toContain('    … 4000 lines not shown\n');
    expect(stdout).toMatch(/^ {4}\+theirs 0$/m);
    expect(stdout).toContain('    not shown: The file is larger than 5 MB');
    expect(stdout).toContain('    not text: 3 B\n');
  });
});
