import { describe, expect, it } from 'vitest';
import { CHANGE_GROUPS, ReviewModel } from '../../../../src/views/review/reviewModel';
import { change, hunk, review } from './reviewFixture';

const tasks = change('.vscode/tasks.json', { kind: 'added', dangers: ['editor'] });
const both = change('both.txt', { conflict: 'modified' });
const bothAndDangerous = change('run.sh', { conflict: 'modified', dangers: ['executable'] });
const device = change('dev', { kind: 'added', blocked: 'It is neither a file nor a folder.' });
const plain = change('src/a.ts');
const gone = change('old.txt', { kind: 'deleted' });

const all = () => new ReviewModel(review([tasks, both, bothAndDangerous, device, plain, gone]));
const paths = (model: ReviewModel) => model.selections().map(({ path }) => path);

describe('what is ticked', () => {
  it('puts each change into one group, the decision that it needs first', () => {
    const model = all();
    expect(CHANGE_GROUPS.map((group) => model.changesOf(group).map(({ path }) => path))).toEqual([
      ['both.txt', 'run.sh'],
      ['.vscode/tasks.json'],
      ['old.txt', 'src/a.ts'],
      [],
      ['dev'],
    ]);
  });

  it('ticks ordinary changes only', () => {
    expect(paths(all())).toEqual(['old.txt', 'src/a.ts']);
  });

  it('"all" never ticks what is dangerous, in conflict or blocked, and unticks only ordinary ones', () => {
    const model = all();
    model.tickOrdinary(true);
    expect(paths(model)).toEqual(['old.txt', 'src/a.ts']);
    model.tick('.vscode/tasks.json', true);
    model.tickOrdinary(false);
    expect(paths(model)).toEqual(['.vscode/tasks.json']);
  });

  it('says of a dangerous change that exactly it was accepted, and of no other', () => {
    const model = all();
    model.tick('.vscode/tasks.json', true);
    expect(model.selections()).toEqual([
      { path: '.vscode/tasks.json', dangersAccepted: true },
      { path: 'old.txt' },
      { path: 'src/a.ts' },
    ]);
  });

  it('ticks a conflict only with a resolution', () => {
    const model = all();
    expect(model.tick('both.txt', true)).toBe(false);
    expect(paths(model)).not.toContain('both.txt');
    model.resolve('both.txt', 'guest');
    const merged = Buffer.from('mine and theirs');
    model.resolve('run.sh', { merged });
    expect(model.selections().slice(0, 2)).toEqual([
      { path: 'both.txt', resolution: 'guest' },
      { path: 'run.sh', dangersAccepted: true, resolution: { merged } },
    ]);
    model.resolve('both.txt', undefined);
    expect(paths(model)).not.toContain('both.txt');
  });

  it('never ticks what is blocked or not in the review', () => {
    const model = all();
    expect(model.tick('dev', true)).toBe(false);
    expect(model.tick('../outside', true)).toBe(false);
    model.resolve('dev', 'guest');
    model.resolve('src/a.ts', 'guest');
    expect(model.selections()).toEqual([{ path: 'old.txt' }, { path: 'src/a.ts' }]);
  });

  it('leaves out what is installed: each of a few has its own tick, a folder of thousands has none', () => {
    const folder = change('node_modules', {
      kind: 'added',
      type: 'directory',
      dangers: ['installed'],
      files: 30_000,
      blocked: 'Left out',
    });
    const one = change('vendor/x.php', { dangers: ['installed', 'executable'] });
    const model = new ReviewModel(review([folder, one, plain]));
    expect(model.changesOf('installed')).toEqual([folder, one]);
    model.tickOrdinary(true);
    expect(paths(model)).toEqual(['src/a.ts']);
    expect(model.tick('node_modules', true)).toBe(false);
    expect(model.tick('vendor/x.php', true)).toBe(true);
    expect(model.selections()).toEqual([
      { path: 'src/a.ts' },
      { path: 'vendor/x.php', dangersAccepted: true },
    ]);
  });

  it('takes a path once, whatever a guest lists', () => {
    const model = new ReviewModel(review([plain, { ...plain, dangers: ['git'] }]));
    expect(model.selections()).toEqual([{ path: 'src/a.ts' }]);
  });
});

describe('parts of a file', () => {
  it('are those of a modified text file', () => {
    const model = new ReviewModel(
      review([
        plain,
        tasks,
        both,
        change('logo.png', { binary: true }),
        change('link', { type: 'symlink', dangers: ['symlink'] }),
        change('mode', { kind: 'mode' }),
        change('settings.json', { dangers: ['editor'] }),
      ]),
    );
    const having = model.review.changes.map(({ path }) => path).filter((path) => model.hasHunks(path));
    expect(having).toEqual(['src/a.ts', 'settings.json']);
  });

  it('are all wanted at first; a file without its last part is unticked, one with all is whole', () => {
    const model = all();
    model.setHunks('src/a.ts', [hunk(0), hunk(1), hunk(2)]);
    expect([0, 1, 2].every((index) => model.isHunkTicked('src/a.ts', index))).toBe(true);
    model.tickHunk('src/a.ts', 1, false);
    expect(model.partOf('src/a.ts')).toEqual({ chosen: 2, all: 3 });
    expect(model.selections()).toContainEqual({ path: 'src/a.ts', hunks: ['hunk-0', 'hunk-2'] });
    model.tickHunk('src/a.ts', 0, false);
    model.tickHunk('src/a.ts', 2, false);
    expect(paths(model)).toEqual(['old.txt']);
    model.tickHunk('src/a.ts', 2, true);
    expect(model.selections()).toContainEqual({ path: 'src/a.ts', hunks: ['hunk-2'] });
    model.tickHunk('src/a.ts', 0, true);
    model.tickHunk('src/a.ts', 1, true);
    expect(model.selections()).toContainEqual({ path: 'src/a.ts' });
  });

  it('of a dangerous file are ticked by themselves, and that accepts the file', () => {
    const model = new ReviewModel(review([change('package.json', { dangers: ['scripts'] })]));
    model.setHunks('package.json', [hunk(0), hunk(1)]);
    model.tickOrdinary(true);
    expect(model.isHunkTicked('package.json', 0)).toBe(false);
    model.tickHunk('package.json', 1, true);
    expect(model.selections()).toEqual([{ path: 'package.json', hunks: ['hunk-1'], dangersAccepted: true }]);
  });

  it('that nobody has seen cannot be ticked', () => {
    const model = all();
    model.tickHunk('src/a.ts', 7, false);
    expect(model.selections()).toContainEqual({ path: 'src/a.ts' });
  });
});

describe('a second look', () => {
  it('keeps what was left out, and asks for every decision again', () => {
    const before = all();
    before.tick('old.txt', false);
    before.tick('.vscode/tasks.json', true);
    before.resolve('both.txt', 'guest');
    const after = new ReviewModel(review([tasks, both, plain, gone, change('new.txt')]), before);
    expect(paths(after)).toEqual(['new.txt', 'src/a.ts']);
  });

  it('leaves a file out of which only parts were wanted: they can be others now', () => {
    const before = all();
    before.setHunks('src/a.ts', [hunk(0), hunk(1)]);
    before.tickHunk('src/a.ts', 0, false);
    const after = new ReviewModel(review([plain, gone]), before);
    expect(paths(after)).toEqual(['old.txt']);
  });

  it('does not tick what has become dangerous', () => {
    const after = new ReviewModel(review([{ ...plain, dangers: ['executable'] }]), all());
    expect(paths(after)).toEqual([]);
  });

  it('ticks what was dangerous and unticked, and is ordinary now', () => {
    const before = new ReviewModel(review([{ ...plain, dangers: ['executable'] }]));
    expect(paths(new ReviewModel(review([plain]), before))).toEqual(['src/a.ts']);
  });
});

it('counts what would be brought back', () => {
  const model = all();
  model.tick('.vscode/tasks.json', true);
  model.resolve('both.txt', { merged: Buffer.alloc(5) });
  expect(model.totals()).toEqual({
    count: 4,
    deleted: 1,
    bytes: 5 + 20 + 20,
    dangerous: [tasks],
    conflicts: [both],
  });
});
