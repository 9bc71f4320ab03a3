import type { ChangeCode, GitChange } from '../../guest/git/gitStatus';

export type GroupId = 'merge' | 'index' | 'workingTree' | 'untracked';

/** How a change looks in the SCM view and the explorer, as VS Code's own git shows it. */
export interface ChangeLook {
  /** One letter. */
  badge: string;
  /** Id of a theme colour, `gitDecoration.…` (contributed in package.json). */
  color: string;
  word: 'Modified' | 'Type Changed' | 'Added' | 'Deleted' | 'Renamed' | 'Copied' | 'Untracked' | 'Conflict';
  deleted: boolean;
}

const WORDS: Record<Exclude<ChangeCode, '.'>, ChangeLook['word']> = {
  M: 'Modified',
  T: 'Type Changed',
  A: 'Added',
  D: 'Deleted',
  R: 'Renamed',
  C: 'Copied',
  U: 'Conflict',
};

/** A change once for each group it stands in: what is staged and then edited again is in two. */
export function groupsOf(change: GitChange): GroupId[] {
  if (change.kind === 'conflict') {
    return ['merge'];
  }
  if (change.kind === 'untracked') {
    return ['untracked'];
  }
  return [
    ...(change.index === '.' ? [] : (['index'] as const)),
    ...(change.worktree === '.' ? [] : (['workingTree'] as const)),
  ];
}

export function lookOf(change: GitChange, group: GroupId): ChangeLook {
  if (group === 'merge') {
    return {
      badge: '!',
      color: 'gitDecoration.conflictingResourceForeground',
      word: 'Conflict',
      deleted: false,
    };
  }
  if (group === 'untracked') {
    return {
      badge: 'U',
      color: 'gitDecoration.untrackedResourceForeground',
      word: 'Untracked',
      deleted: false,
    };
  }
  const code = group === 'index' ? change.index : change.worktree;
  const known = code === '.' ? 'M' : code;
  return {
    badge: known,
    color: `gitDecoration.${colorName(known, group, change.repository)}ResourceForeground`,
    word: WORDS[known],
    deleted: known === 'D',
  };
}

function colorName(code: ChangeCode, group: GroupId, repository: boolean): string {
  if (repository) {
    return 'submodule';
  }
  switch (code) {
    case 'A':
      return 'added';
    case 'R':
    case 'C':
      return 'renamed';
    case 'D':
      return group === 'index' ? 'stageDeleted' : 'deleted';
    default:
      return group === 'index' ? 'stageModified' : 'modified';
  }
}

/** Which of a file's looks the explorer shows: the one that asks for more attention. */
const PRECEDENCE: GroupId[] = ['merge', 'workingTree', 'untracked', 'index'];

export function explorerLook(change: GitChange): ChangeLook | undefined {
  const groups = groupsOf(change);
  const group = PRECEDENCE.find((each) => groups.includes(each));
  return group && lookOf(change, group);
}
