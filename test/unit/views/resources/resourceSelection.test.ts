import { expect, test } from 'vitest';
import { ResourceSelection } from '../../../../src/views/resources/resourceSelection';
import { INFO } from '../../attach/attachApp';

const old = { ...INFO, id: 'old', folder: '/old', createdAt: 1 };
const young = { ...INFO, id: 'young', folder: '/young', createdAt: 2 };
const asleep = { ...INFO, id: 'asleep', folder: '/asleep', createdAt: 3, state: 'suspended' as const };
const all = [old, young, asleep];

test('a window on a machine shows that one, and none when it is gone', () => {
  const selection = new ResourceSelection(() => ({ machineId: 'old', folders: [] }));
  expect(selection.of(all)?.id).toBe('old');
  expect(selection.of([young])).toBeUndefined();
});

test('a chosen machine goes first while there is one', () => {
  const selection = new ResourceSelection(() => ({ machineId: 'old', folders: [] }));
  let changes = 0;
  selection.onDidChange(() => changes++);
  selection.choose('asleep');
  selection.choose('asleep');
  expect(changes).toBe(1);
  expect(selection.of(all)?.id).toBe('asleep');
  expect(selection.of([old, young])?.id).toBe('old');
});

test('a window on a folder shows the machine that was made from it', () => {
  const selection = new ResourceSelection(() => ({ folders: ['/elsewhere', '/asleep'] }));
  expect(selection.of(all)?.id).toBe('asleep');
});

test('any other window shows the youngest that runs, else the youngest', () => {
  const selection = new ResourceSelection(() => ({ folders: [] }));
  expect(selection.of(all)?.id).toBe('young');
  expect(selection.of([{ ...old, state: 'stopped' }, asleep])?.id).toBe('asleep');
  expect(selection.of([])).toBeUndefined();
});
