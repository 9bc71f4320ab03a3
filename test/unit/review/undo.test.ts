import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { APPLY_MAX } from '../../../src/review/apply/applyChanges';
import { BACKUPS_KEPT, UndoRoomError } from '../../../src/review/apply/applyJournals';
import { Gate, LocalGuest } from './localGuest';

let local: LocalGuest;
beforeAll(async () => {
  local = await LocalGuest.make();
});
afterAll(() => local.dispose());

const [kept, most] = [{ ...BACKUPS_KEPT }, { ...APPLY_MAX }];
afterEach(() => {
  Object.assign(BACKUPS_KEPT, kept);
  Object.assign(APPLY_MAX, most);
});

const journalOf = (gate: Gate, applyId: string) => join(gate.data, 'backups', applyId, 'journal.json');

describe('room for undos', () => {
  test('what one apply deletes is bounded, as what it writes', async () => {
    APPLY_MAX.bytes = 1_000;
    const gate = await Gate.of(local, {
      'a.txt': 'a'.repeat(400),
      'b.txt': 'b'.repeat(400),
      'c.txt': 'c'.repeat(400),
    });
    for (const name of ['a.txt', 'b.txt', 'c.txt']) {
      await rm(join(gate.workspace, name));
    }
    const { applied, refused } = await gate.apply({ path: 'a.txt' }, { path: 'b.txt' }, { path: 'c.txt' });
    expect(applied).toEqual(['a.txt', 'b.txt']);
    expect(refused).toMatchObject([{ path: 'c.txt', why: expect.stringContaining('at most') }]);
  });

  test('an undo goes only if that was said before, and never another machine’s', async () => {
    const gate = await Gate.of(local, {
      'a.txt': 'a',
      'big.txt': 'b'.repeat(600),
      'other.txt': 'c'.repeat(600),
    });
    await gate.inGuest({ 'big.txt': 'B', 'other.txt': 'C' });
    const { applyId: first } = await gate.apply({ path: 'big.txt' });
    const file = journalOf(gate, first);
    const journal = JSON.parse(await readFile(file, 'utf8'));
    BACKUPS_KEPT.bytes = 1_000;
    const before = gate.snapshot();
    const { token } = await gate.review();
    const apply = (dropUndo: boolean) => gate.gate.applyReview(token, [{ path: 'other.txt' }], { dropUndo });
    await expect(apply(false)).rejects.toThrow(UndoRoomError);
    expect(gate.snapshot()).toBe(before);
    expect(await gate.gate.appliedChanges('m-1')).toMatchObject([{ applyId: first }]);
    expect((await readdir(join(gate.data, 'backups'))).length).toBe(1);
    // The same backup of another machine takes no room of this one, and stays.
    await writeFile(file, JSON.stringify({ ...journal, machineId: 'm-2' }));
    expect(await apply(false)).toMatchObject({ applied: ['other.txt'], notes: [] });
    expect(await gate.gate.appliedChanges('m-2')).toMatchObject([{ applyId: first }]);
    await writeFile(file, JSON.stringify(journal));
    await gate.inGuest({ 'a.txt': 'A' });
    const third = await gate.gate.applyReview((await gate.review()).token, [{ path: 'a.txt' }], {
      dropUndo: true,
    });
    expect(third.notes).toEqual([expect.stringContaining('can’t be undone any more')]);
    expect((await gate.gate.appliedChanges('m-1')).map(({ applyId }) => applyId)).not.toContain(first);
  });

  test('what was undone takes none', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a'.repeat(600) });
    await gate.inGuest({ 'a.txt': 'A' });
    const { applyId } = await gate.apply({ path: 'a.txt' });
    await gate.gate.undoApply(applyId);
    BACKUPS_KEPT.bytes = 1_000;
    expect((await gate.apply({ path: 'a.txt' })).applied).toEqual(['a.txt']);
  });
});

describe('an undo that was killed', () => {
  test('is finished at the next look, with what the machine has still a change', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a', 'b.txt': 'b' });
    await gate.inGuest({ 'a.txt': 'A', 'b.txt': 'B' });
    const { applyId } = await gate.apply({ path: 'a.txt' }, { path: 'b.txt' });
    const baseline = join(gate.data, 'baseline');
    const moved = await readFile(baseline, 'utf8');
    const backup = join(gate.data, 'backups', applyId);
    const journal = JSON.parse(await readFile(journalOf(gate, applyId), 'utf8'));
    const second = await readFile(join(backup, 'files', '1'));
    await gate.gate.undoApply(applyId);
    // As if the kill had come with one file back, and neither the other nor the baseline.
    await writeFile(journalOf(gate, applyId), JSON.stringify({ ...journal, state: 'undoing' }));
    await writeFile(baseline, moved);
    await gate.onHost({ 'b.txt': 'B' });
    await Gate.restoreBackup(backup, second);
    const { changes, notes } = await gate.restarted().gate.review('m-1');
    expect(await gate.read('b.txt')).toBe('b');
    expect(notes).toEqual([expect.stringContaining('has been finished now')]);
    expect(changes.map(({ path, conflict }) => [path, conflict])).toEqual([
      ['a.txt', undefined],
      ['b.txt', undefined],
    ]);
  });

  test('says so in its journal before the first file is back', async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' });
    await gate.inGuest({ 'a.txt': 'A' });
    const { applyId } = await gate.apply({ path: 'a.txt' });
    await rm(join(gate.data, 'backups', applyId, 'files'), { recursive: true });
    await expect(gate.gate.undoApply(applyId)).rejects.toThrow('ENOENT');
    expect(JSON.parse(await readFile(journalOf(gate, applyId), 'utf8'))).toMatchObject({ state: 'undoing' });
    expect(await gate.gate.appliedChanges('m-1')).toMatchObject([{ applyId }]);
  });
});

test('without the machine’s lock nothing more is written, nor taken back: who has it now does that', async () => {
  const gate = await Gate.of(local, {});
  await gate.inGuest(Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`f${n}.txt`, `${n}`])));
  const { token, changes } = await gate.review();
  const applying = gate.gate.applyReview(
    token,
    changes.map(({ path }) => ({ path })),
    { onProgress: ({ done }) => (done === 5 ? gate.lost.abort() : undefined) },
  );
  await expect(applying).rejects.toThrow('stood still');
  expect((await readdir(gate.host)).length).toBe(5);
  const { notes } = await gate.restarted().gate.review('m-1');
  expect(notes).toEqual([expect.stringContaining('has been taken back now')]);
  expect(await readdir(gate.host)).toEqual([]);
});
