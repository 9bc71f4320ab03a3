import { describe, expect, it } from 'vitest';
import { DANGERS } from '../../../../src/review/reviewService';
import { dangerTexts } from '../../../../src/views/review/dangerText';
import { ReviewModel } from '../../../../src/views/review/reviewModel';
import {
  applyRow,
  changeRow,
  commitRow,
  commitsRow,
  groupRow,
  hunkRow,
  modeText,
} from '../../../../src/views/review/reviewRows';
import { l10n } from '../plainL10n';
import { change, hunk, review } from './reviewFixture';

const rowOf = (...changes: Parameters<typeof change>) => {
  const one = change(...changes);
  return changeRow(one, new ReviewModel(review([one])), 'open', l10n);
};

describe('a file', () => {
  it('has its name, its place, what happened to it and how big it is', () => {
    expect(rowOf('src/deep/a.ts')).toMatchObject({
      label: 'a.ts',
      description: 'src/deep · modified · 10 B → 20 B',
      expands: 'collapsed',
      box: { ticked: true, label: 'src/deep/a.ts' },
      contextValue: 'change.changes.parts',
    });
    expect(rowOf('new.txt', { kind: 'added' }).description).toBe('added · 20 B');
    expect(rowOf('b', { kind: 'renamed', from: 'a' }).description).toBe('renamed from a · 10 B → 20 B');
    expect(rowOf('run', { kind: 'mode', hostMode: 0o644, guestMode: 0o755 }).description).toBe(
      'permissions 644 → 755',
    );
    expect(rowOf('run', { hostMode: 0o644, guestMode: 0o755 }).description).toContain('made executable');
  });

  it('that is dangerous says so in words before all else, with its whole path, and is not ticked', () => {
    const row = rowOf('.vscode/tasks.json', { kind: 'added', dangers: ['editor'] });
    expect(row.label).toBe('.vscode/tasks.json');
    expect(row.description).toMatch(/^runs when the folder is opened in VS Code/);
    expect(row.box?.ticked).toBe(false);
  });

  it('in conflict says what happened on this computer, and then what was decided', () => {
    const both = change('notes.txt', { conflict: 'modified' });
    const model = new ReviewModel(review([both]));
    const says = () => changeRow(both, model, 'open', l10n).description;
    expect(says()).toMatch(/^changed on this computer too · modified/);
    model.resolve('notes.txt', 'guest');
    expect(says()).toMatch(/^takes the VM’s/);
    model.resolve('notes.txt', { merged: Buffer.from('x') });
    expect(says()).toMatch(/^takes your merge/);
  });

  it('that is blocked has no box, and says why', () => {
    const row = rowOf('dev', { blocked: 'It is a device.' });
    expect(row.box).toBeUndefined();
    expect(row.description).toMatch(/^It is a device\./);
  });

  it('with a hostile name is plain text on one line, in all places', () => {
    const name = 'evil\n\u202e$(bug)\u200b.txt';
    for (const row of [
      rowOf(name),
      rowOf(name, { dangers: ['text'] }),
      rowOf('a', { kind: 'renamed', from: name }),
      rowOf('l', { type: 'symlink', linkTarget: name, dangers: ['symlink'] }),
    ]) {
      const shown = `${row.label} ${row.description} ${row.box?.label}`;
      expect(shown).not.toMatch(/[\n\u202e\u200b]|\$\(/);
      expect(shown).toContain('\\u{202e}');
    }
  });
});

it('every danger has words of its own', () => {
  const texts = dangerTexts(change('x', { dangers: [...DANGERS], linkTarget: '../../.ssh' }), l10n);
  expect(new Set(texts).size).toBe(DANGERS.length);
  expect(texts.join()).toContain('../../.ssh');
  const linked = change('ide/tasks.json', { dangers: ['editor'], reachedAs: '.vscode/tasks.json' });
  expect(dangerTexts(linked, l10n)).toEqual([
    '.vscode/tasks.json leads to it',
    'runs when the folder is opened in VS Code, or a task is started',
  ]);
});

describe('a group', () => {
  const dangerous = change('.git/config', { dangers: ['git'] });
  const model = new ReviewModel(review([dangerous, change('a'), change('b')]));

  it('counts, and only the ordinary one has a box', () => {
    expect(groupRow('attention', model, l10n)).toMatchObject({ description: '0 of 1 ticked' });
    expect(groupRow('attention', model, l10n).box).toBeUndefined();
    expect(groupRow('changes', model, l10n)).toMatchObject({
      description: '2 of 2 ticked · 40 B',
      box: { ticked: true },
    });
  });

  it('of installed dependencies is one collapsed row that counts, and says what to do instead', () => {
    const folder = change('node_modules', {
      kind: 'added',
      type: 'directory',
      dangers: ['installed'],
      files: 30_000,
      blocked: 'Left out',
    });
    const both = new ReviewModel(review([folder, change('vendor/x', { dangers: ['installed'] })]));
    expect(groupRow('installed', both, l10n)).toMatchObject({
      label: 'Installed Dependencies',
      description: '30001 left out: install them here instead',
      expands: 'collapsed',
    });
    expect(groupRow('installed', both, l10n).box).toBeUndefined();
    const row = changeRow(folder, both, 'open', l10n);
    expect(row.description).toMatch(/^30000 files, left out/);
    expect(row.box).toBeUndefined();
    expect(changeRow(both.change('vendor/x') ?? folder, both, 'open', l10n).box).toMatchObject({
      ticked: false,
    });
  });

  it('of all ticks says what a click would do, and does nothing without one', () => {
    expect(applyRow(model, '/f', 'apply', l10n)).toMatchObject({
      label: 'Apply 2 Changes…',
      description: '40 B',
      command: { id: 'apply' },
    });
    const none = new ReviewModel(review([dangerous]));
    expect(applyRow(none, '/f', 'apply', l10n)).toMatchObject({ description: 'nothing is ticked' });
    expect(applyRow(none, '/f', 'apply', l10n).command).toBeUndefined();
  });
});

it('a part is named by its first changed line that says something', () => {
  const one = change('a.ts');
  const model = new ReviewModel(review([one]));
  const part = hunk(2, [' before', '-', '+}', '+  return\tsecret();']);
  model.setHunks('a.ts', [part]);
  expect(hunkRow(part, 'a.ts', model, 'open', l10n)).toMatchObject({
    label: '+ return secret();',
    description: 'line 21 · +2 −1',
    box: { ticked: true, label: 'line 21' },
  });
});

it('commits are plain text', () => {
  const commit = { branch: 'ma\u202ein', hash: '0123456789abcdef', subject: 'Fix\n$(x)' };
  expect(commitRow(commit)).toMatchObject({ description: '01234567 · ma\\u{202e}in' });
  expect(commitsRow([commit], l10n).description).toBe('1 on ma\\u{202e}in');
  expect(commitsRow([commit, { ...commit, branch: 'b' }], l10n).description).toBe('2 on 2 branches');
});

it('permission bits are written as people write them', () => {
  expect([0o755, 0o104755, 0o7, undefined].map(modeText)).toEqual(['755', '755', '007', '?']);
});
