import { names, type PathRule } from './pathRule';

/** What git obeys, and folders of hooks that `core.hooksPath` is usually set to. */
export const GIT_RULES: readonly PathRule[] = [
  {
    danger: 'git',
    anywhere: names(`
      .git .gitmodules .gitattributes .gitconfig .lfsconfig .git-blame-ignore-revs githooks git-hooks git_hooks
    `),
    // With `objects` and `refs` beside it a HEAD makes any folder a repository; so does a `commondir`.
    files: ['head', 'commondir'],
    path: /(?:^|\/)(?:hooks|info)\/(?:[^/]*-(?:commit|msg|push|checkout|merge|rebase|receive|applypatch|rewrite|update|index-change|transaction|auto-gc|validate|watchman|changelist)|update|attributes)$/,
  },
];
