import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { APPLY_MAX } from '../../../src/review/apply/applyChanges';
import { BACKUPS_KEPT } from '../../../src/review/apply/applyJournals';
import { fakeMachine } from '../../unit/cli/fakeMachine';
import { runFake } from '../../unit/cli/fakeTerminal';
import { Gate, LocalGuest } from '../../unit/review/localGuest';
import { attack } from '../attack';

let local: LocalGuest;
beforeAll(async () => {
  local = await LocalGuest.make();
});
afterAll(() => local.dispose());

attack(
  {
    id: 'review-slow-diff',
    from: 'guest',
    tries:
      'The guest makes a file that is slow to compare and keeps this computer busy during the apply, so that the one part that was picked becomes the whole file.',
    holds:
      'No clock has a say in what a part is; a selection names the SHA-256 of its lines, and anything else is refused.',
    promise: 'review-gate',
  },
  async () => {
    const lines = (word: string) => Array.from({ length: 500 }, (_, n) => `${word} ${n % 251}\n`);
    const middle = Array.from({ length: 50 }, (_, n) => `same ${n}\n`);
    const [old, now] = [lines('x'), lines('x').reverse()];
    const host = ['// version 1\n', ...middle, 'safe();\n', ...middle, ...old].join('');
    const guest = ['// version 2\n', ...middle, 'safe(); evil();\n', ...middle, ...now].join('');
    const gate = await Gate.of(local, { 'a.js': host });
    await gate.inGuest({ 'a.js': guest });
    const { token } = await gate.review();
    const hunks = await gate.gate.reviewHunks(token, 'a.js');
    expect(hunks.length).toBeGreaterThan(2);
    const seen = hunks.find(({ lines: each }) => each.includes('+// version 2'));
    const forged = await gate.gate.applyReview(token, [{ path: 'a.js', hunks: ['0'.repeat(64)] }]);
    expect(forged.applied).toEqual([]);
    const clock = Date.now;
    let time = clock();
    // A minute goes by between any two looks at the clock.
    Date.now = () => (time += 60_000);
    const { applied } = await gate.gate
      .applyReview(token, [{ path: 'a.js', hunks: seen ? [seen.id] : [] }])
      .finally(() => {
        Date.now = clock;
      });
    expect(applied).toEqual(['a.js']);
    expect(await gate.read('a.js')).toBe(host.replace('// version 1', '// version 2'));
    return `${hunks.length} parts, one taken as it was shown; an unknown one refused`;
  },
);

attack(
  {
    id: 'review-swapped-after-pull',
    from: 'guest',
    tries:
      'The guest sees that its files are listed for `bulkhead pull --diff`, and swaps package.json and a source file before `pull --apply` is typed.',
    holds:
      'What is applied is the look that was printed: both are refused. A look that nobody was shown is not taken for a dangerous change.',
    promise: 'review-gate',
  },
  async () => {
    const gate = await Gate.of(local, { 'package.json': '{}\n', 'a.js': 'a\n' });
    const pull = pullOf(gate);
    await gate.inGuest({ 'package.json': '{"scripts":{"test":"vitest"}}\n', 'a.js': 'fine();\n' });
    expect((await pull('--diff')).stdout).toContain('fine();');
    const evil = { 'package.json': '{"scripts":{"postinstall":"evil"}}\n', 'a.js': 'evil();\n' };
    await gate.inGuest(evil);
    const all = await pull('--apply', '--all', '--danger', 'package.json', '--json');
    expect(JSON.parse(all.stdout)).toMatchObject({ applied: [] });
    const anew = await pull('--apply', '--danger', 'package.json', '--look', 'now');
    expect(anew).toMatchObject({ code: 2, stdout: '' });
    const { token } = await gate.gate.review('m-1', { shownIn: 'nowhere' });
    const unseen = await pull('--apply', '--danger', 'package.json', '--look', token);
    expect(unseen).toMatchObject({ code: 2, stdout: '' });
    expect(await gate.read('package.json')).toBe('{}\n');
    expect(await gate.read('a.js')).toBe('a\n');
    return 'four tries to apply what was not printed: refused';
  },
);

attack(
  {
    id: 'review-hidden-in-diff',
    from: 'guest',
    tries:
      'A changed line hides code from `bulkhead pull --diff`: behind a carriage return, 3,000 removed lines, characters without width, in an added file, and behind more than is read at once.',
    holds:
      'Each is printed, hidden characters by number, or it is said how much is not; what was not read says so and is read when it is shown.',
    promise: 'review-gate',
  },
  async () => {
    const lines = (word: string) => Array.from({ length: 3_000 }, (_, n) => `${word} ${n}\n`).join('');
    const gate = await Gate.of(local, { 'zz/cr.js': 'a\n', 'zz/long.js': lines('old') });
    const large = Buffer.alloc(45 * 1024 * 1024);
    await gate.inGuest({
      a1: large,
      a2: large,
      a3: large,
      'zz/cr.js': '// comment\revil()\u200b\n',
      'zz/long.js': `evil();\n${lines('new')}`,
      'zz/new.js': 'evil();\n',
    });
    gate.with(await local.listingLast('zz'));
    const { stdout } = await pullOf(gate)('--diff');
    expect(stdout).toContain('+// comment\\u{d}evil()\\u{200b}');
    expect(stdout.match(/^ {4}\+evil\(\);$/gm)?.length).toBe(2);
    expect(stdout).toContain('lines not shown');
    expect(stdout.match(/not text/g)?.length).toBe(3);
    expect(stdout.match(/NOT READ/g)?.length).toBeGreaterThan(2);
    return 'all three printed, behind 135 MB of other changes';
  },
);

attack(
  {
    id: 'review-parts-hide-danger',
    from: 'guest',
    tries:
      'package.json gets a postinstall script in one part and the old scripts once more in another: the whole runs nothing new, the first part alone does.',
    holds: 'Dangers are told from the bytes that are written: the part alone is refused without its tick.',
    promise: 'review-gate',
  },
  async () => {
    const pad = (name: string) => Array.from({ length: 10 }, (_, n) => ` "${name}${n}": 1,`);
    const tests = ' "scripts": {"test":"t"},';
    const of = (...middle: string[]) => ['{', tests, ...pad('a'), ...middle, ' "z": 1', '}', ''].join('\n');
    const gate = await Gate.of(local, { 'package.json': of(...pad('b')) });
    await gate.inGuest({ 'package.json': of(' "scripts": {"postinstall":"evil"},', ...pad('b'), tests) });
    const { token } = await gate.review();
    const [first] = await gate.gate.reviewHunks(token, 'package.json');
    const picked = [{ path: 'package.json', hunks: [first?.id ?? ''] }];
    const { applied, refused } = await gate.gate.applyReview(token, picked);
    expect(applied).toEqual([]);
    expect(await gate.read('package.json')).toBe(of(...pad('b')));
    return `refused: ${refused[0]?.why}`;
  },
);

attack(
  {
    id: 'review-undo-evicted',
    from: 'guest',
    tries: 'The guest deletes so much that keeping it for an undo pushes out every undo from before.',
    holds:
      'One apply replaces a bounded amount, and an older undo goes only if the user said so; nothing is written.',
    promise: 'review-gate',
  },
  async () => {
    const files = Object.fromEntries([1, 2, 3].map((n) => [`f${n}`, `${n}`.repeat(400)]));
    const gate = await Gate.of(local, { ...files, 'a.txt': 'a'.repeat(400) });
    await gate.inGuest({ 'a.txt': 'A' });
    const { applyId } = await gate.apply({ path: 'a.txt' });
    const [kept, most] = [{ ...BACKUPS_KEPT }, { ...APPLY_MAX }];
    BACKUPS_KEPT.bytes = 1_000;
    try {
      for (const name of Object.keys(files)) {
        await rm(join(gate.workspace, name));
      }
      const { token } = await gate.review();
      const all = Object.keys(files).map((path) => ({ path }));
      await expect(gate.gate.applyReview(token, all)).rejects.toThrow('no room');
      APPLY_MAX.bytes = 500;
      const { applied, refused } = await gate.gate.applyReview(token, all);
      expect([applied.length, refused.length]).toEqual([1, 2]);
    } finally {
      Object.assign(BACKUPS_KEPT, kept);
      Object.assign(APPLY_MAX, most);
    }
    const left = (await gate.gate.appliedChanges('m-1')).map((each) => each.applyId);
    expect(left).toContain(applyId);
    return 'refused, and the undo from before is still there';
  },
);

attack(
  {
    id: 'review-folder-flood',
    from: 'guest',
    tries: 'Fifty new files lie in folders of their own, each 90 folders deep, so that an apply never ends.',
    holds: 'One apply makes a bounded number of folders, plans them at once and takes them back in one walk.',
    promise: 'review-gate',
  },
  async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' });
    const deep = (name: number) => Array.from({ length: 90 }, (_, n) => `${name}${n}`).join('/');
    const files = Array.from({ length: 50 }, (_, n) => [`${deep(n)}/f.txt`, 'f']);
    await gate.inGuest(Object.fromEntries(files));
    const { token, changes } = await gate.review();
    const { applied, refused, applyId } = await gate.gate.applyReview(
      token,
      changes.map(({ path }) => ({ path })),
    );
    expect(applied.length * 90).toBeLessThanOrEqual(2_000);
    expect(refused.length).toBe(50 - applied.length);
    expect((await gate.gate.undoApply(applyId)).kept).toEqual([]);
    expect(await readdir(gate.host)).toEqual(['a.txt']);
    return `${applied.length} applied and undone, ${refused.length} refused`;
  },
);

/** The command itself, before a gate over folders of this computer. */
function pullOf({ gate }: Gate) {
  return (...args: string[]) =>
    runFake(['pull', 'm-1', ...args], {
      find: async () => fakeMachine({ id: 'm-1' }),
      review: (id, options) => gate.review(id, options),
      keptReview: (id, token) => gate.keptReview(id, token),
      reviewHunks: (token, path, options) => gate.reviewHunks(token, path, options),
      applyReview: (token, selections, options) => gate.applyReview(token, selections, options),
    });
}
