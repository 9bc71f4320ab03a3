import type { ChangeGroup } from './reviewModel';

/** A row of the Review view, and the argument of commands that are called on it. */
export type ReviewNode =
  | { readonly kind: 'apply' }
  | { readonly kind: 'group'; readonly group: ChangeGroup | 'commits' }
  | { readonly kind: 'change'; readonly path: string }
  | { readonly kind: 'hunk'; readonly path: string; readonly index: number }
  | { readonly kind: 'commit'; readonly position: number }
  /** In place of a file's hunks that can't be read. */
  | { readonly kind: 'failure'; readonly path: string; readonly why: string }
  /** What a group has beyond the rows that it shows. */
  | { readonly kind: 'more'; readonly group: ChangeGroup };

/** Names the row within one review; a file's stays the same in the next one, so that what is expanded and selected is kept. */
export function nodeId(node: ReviewNode): string {
  switch (node.kind) {
    case 'apply':
      return 'apply';
    case 'group':
      return `group/${node.group}`;
    case 'change':
      return `change/${node.path}`;
    case 'hunk':
      return `hunk/${node.index}/${node.path}`;
    case 'commit':
      return `commit/${node.position}`;
    case 'failure':
      return `failure/${node.path}`;
    case 'more':
      return `more/${node.group}`;
  }
}

/** The row that a command was called on, if it was one of this view's. */
export function reviewNodeOf(args: readonly unknown[]): ReviewNode | undefined {
  const [node] = args;
  const kinds = ['apply', 'group', 'change', 'hunk', 'commit', 'failure', 'more'];
  return typeof node === 'object' && node !== null && 'kind' in node && kinds.includes(String(node.kind))
    ? (node as ReviewNode)
    : undefined;
}
