import { beforeEach, expect, it, vi } from 'vitest';
import { silentLog } from '../../../../src/core/log';
import type { ReviewHunk } from '../../../../src/review/reviewService';
import { ReviewModel } from '../../../../src/views/review/reviewModel';
import type { ReviewNode } from '../../../../src/views/review/reviewNodes';
import { executed, handlers, view } from './editorStub';
import { change, hunk, review } from './reviewFixture';

vi.mock('vscode', async () => (await import('./editorStub')).editorStub);
const { PAGE, ReviewTree } = await import('../../../../src/views/review/reviewTree');

const commands = { apply: 'apply', showChange: 'show', resolve: 'resolve', showMore: 'more' };
const machine = { id: 'app-01234567', name: 'app' };
let hunks: () => Promise<ReviewHunk[]>;

async function treeOf(model: ReviewModel) {
  const tree = new ReviewTree({ reviewHunks: () => hunks() }, commands, silentLog);
  await tree.show(model, machine);
  return tree;
}

const tick = (...items: [ReviewNode, boolean][]) =>
  handlers.checkbox?.({ items: items.map(([node, ticked]) => [node, ticked ? 1 : 0]) });
const file = (path: string): ReviewNode => ({ kind: 'change', path });

beforeEach(() => {
  executed.length = 0;
  hunks = async () => [hunk(0), hunk(1)];
});

it('a tick of one dangerous row counts; one event for several ticks only the ordinary ones', async () => {
  const model = new ReviewModel(
    review([
      change('a'),
      change('.git/config', { dangers: ['git'] }),
      change('x.sh', { dangers: ['executable'] }),
    ]),
  );
  model.tickOrdinary(false);
  await treeOf(model);
  tick([file('a'), true], [file('.git/config'), true], [file('x.sh'), true]);
  expect(model.selections()).toEqual([{ path: 'a' }]);
  tick([file('x.sh'), true]);
  expect(model.selections()).toContainEqual({ path: 'x.sh', dangersAccepted: true });
});

it('the box of a conflict asks, and stays empty until that is answered', async () => {
  const model = new ReviewModel(review([change('both', { conflict: 'modified' })]));
  const tree = await treeOf(model);
  tick([file('both'), true]);
  expect(executed.at(-1)).toEqual(['resolve', file('both')]);
  expect(tree.getTreeItem(file('both')).checkboxState).toMatchObject({ state: 0 });
  model.resolve('both', 'guest');
  expect(tree.getTreeItem(file('both')).checkboxState).toMatchObject({ state: 1 });
  tick([file('both'), false]);
  expect(model.selections()).toEqual([]);
});

it('Space ticks the selected row; that of a conflict has been asked about already', async () => {
  const model = new ReviewModel(
    review([
      change('a'),
      change('x.sh', { dangers: ['executable'] }),
      change('both', { conflict: 'modified' }),
    ]),
  );
  const tree = await treeOf(model);
  const press = (node: ReviewNode) => {
    view.selection = [node];
    tree.tickSelected();
  };
  press(file('a'));
  press(file('x.sh'));
  press({ kind: 'apply' });
  press(file('both'));
  expect(model.selections()).toEqual([{ path: 'x.sh', dangersAccepted: true }]);
  expect(executed.map(([command]) => command)).not.toContain('resolve');
  press({ kind: 'group', group: 'changes' });
  expect(model.isTicked('a')).toBe(true);
});

it('a group of thousands shows a page, and more when asked', async () => {
  const many = Array.from({ length: PAGE * 2 + 1 }, (_each, index) =>
    change(`f${String(index).padStart(5, '0')}`),
  );
  const tree = await treeOf(new ReviewModel(review(many)));
  const group: ReviewNode = { kind: 'group', group: 'changes' };
  const rows = await tree.getChildren(group);
  expect(rows).toHaveLength(PAGE + 1);
  expect(tree.getTreeItem(rows.at(-1) ?? group).label).toBe(`Show More (${PAGE + 1} are not shown)`);
  tree.showMore('changes');
  tree.showMore('changes');
  expect(await tree.getChildren(group)).toHaveLength(many.length);
  expect(new ReviewModel(review(many)).totals().count).toBe(many.length);
});

it('parts are read when a file is opened, each with a box; a failure is a row', async () => {
  const model = new ReviewModel(review([change('a')]));
  const tree = await treeOf(model);
  hunks = async () => {
    throw new Error('it changed\u202e in the VM');
  };
  const [failure] = await tree.getChildren(file('a'));
  expect(failure && tree.getTreeItem(failure).description).toBe('it changed\\u{202e} in the VM');
  hunks = async () => [hunk(0), hunk(1)];
  const rows = await tree.getChildren(file('a'));
  expect(rows).toEqual([0, 1].map((index) => ({ kind: 'hunk', path: 'a', index })));
  tick([{ kind: 'hunk', path: 'a', index: 1 }, false]);
  expect(model.selections()).toEqual([{ path: 'a', hunks: ['hunk-0'] }]);
  expect(tree.getTreeItem(file('a')).description).toContain('1 of 2 parts');
});

it('says what the look could not tell, and is gone when it is closed', async () => {
  const model = new ReviewModel(review([change('a')], { truncated: true, notes: ['Taken back:\u202e x'] }));
  const tree = await treeOf(model);
  expect(view.description).toBe('app');
  expect(view.message).toMatch(/^More has changed than is listed.*Taken back:\\u\{202e\} x$/);
  await tree.close();
  expect(await tree.getChildren()).toEqual([]);
  expect(executed.at(-1)).toEqual(['setContext', 'bulkhead.reviewOpen', false]);
});
