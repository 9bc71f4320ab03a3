import type { ApplyStep } from './applyJournals';

/**
 * The order in which an apply's steps are taken back: what it made goes (files, then their folders from the inside out), then
 * what was there comes back (folders from the outside in, then what is in them).
 */
export function undoOrder(steps: readonly ApplyStep[]): ApplyStep[] {
  const deep = ({ path }: ApplyStep) => path.split('/').length;
  const of = (rank: number) => steps.filter((step) => rankOf(step) === rank);
  return [
    ...of(0).reverse(),
    ...of(1).sort((a, b) => deep(b) - deep(a)),
    ...of(2).sort((a, b) => deep(a) - deep(b)),
    ...of(3).reverse(),
  ];
}

function rankOf({ before, after }: ApplyStep): number {
  if (before.type === 'absent') {
    return after.type === 'directory' ? 1 : 0;
  }
  return before.type === 'directory' ? 2 : 3;
}
