import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { explorerLook, type GroupId, groupsOf, lookOf } from '../../../../src/attach/git/changeLook';
import { absolutePath, mattersToStatus, relativePath } from '../../../../src/attach/git/gitPaths';
import type { ChangeCode, GitChange } from '../../../../src/guest/git/gitStatus';

const change = (kind: GitChange['kind'], index: ChangeCode, worktree: ChangeCode): GitChange => ({
  path: 'f',
  kind,
  index,
  worktree,
  repository: false,
});

describe('a change', () => {
  it('stands in each group that it belongs to', () => {
    expect(groupsOf(change('tracked', 'M', 'M'))).toEqual(['index', 'workingTree']);
    expect(groupsOf(change('tracked', 'A', '.'))).toEqual(['index']);
    expect(groupsOf(change('tracked', '.', 'D'))).toEqual(['workingTree']);
    expect(groupsOf(change('conflict', 'U', 'D'))).toEqual(['merge']);
    expect(groupsOf(change('untracked', '.', '.'))).toEqual(['untracked']);
  });

  it('shows in the explorer with what asks for attention', () => {
    expect(explorerLook(change('tracked', 'A', 'M'))).toMatchObject({ badge: 'M', word: 'Modified' });
    expect(explorerLook(change('tracked', 'D', '.'))).toMatchObject({ badge: 'D', deleted: true });
    expect(explorerLook(change('conflict', 'U', 'U'))).toMatchObject({ badge: '!' });
    expect(explorerLook(change('untracked', '.', '.'))).toMatchObject({ badge: 'U' });
    expect(explorerLook(change('tracked', '.', '.'))).toBeUndefined();
  });
});

test('every colour is contributed: the built-in git, whose they are, is off in restricted windows', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'));
  const contributed = manifest.contributes.colors.map(({ id }: { id: string }) => id);
  const codes: ChangeCode[] = ['M', 'T', 'A', 'D', 'R', 'C', 'U'];
  const groups: GroupId[] = ['merge', 'index', 'workingTree', 'untracked'];
  const used = groups.flatMap((group) =>
    codes.flatMap((code) =>
      [true, false].map(
        (repository) => lookOf({ ...change('tracked', code, code), repository }, group).color,
      ),
    ),
  );
  expect([...new Set(used)].sort()).toEqual([...contributed].sort());
});

test.each([
  ['/w/src/a.ts', true],
  ['/w', true],
  ['/w/.git/index', true],
  ['/w/.git/HEAD', true],
  ['/w/.git/refs/heads/main', true],
  ['/w/.git/MERGE_HEAD', true],
  ['/w/.git/index.lock', false],
  ['/w/.git/refs/heads/main.lock', false],
  ['/w/.git/objects/ab/cdef', false],
  ['/w/.git/logs/HEAD', false],
  ['/w/.git', false],
  ['/w/.gitignore', true],
  ['/other/.git/index', false],
  ['/wide', false],
])('a change of %s matters: %s', (path, matters) => {
  expect(mattersToStatus('/w', path)).toBe(matters);
});

test('paths go there and back', () => {
  for (const root of ['/', '/w', '/a/b']) {
    expect(relativePath(root, absolutePath(root, 'x/y'))).toBe('x/y');
  }
});
