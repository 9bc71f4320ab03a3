import type { Review, ReviewChange, ReviewHunk } from '../../../../src/review/reviewService';

export function change(path: string, more: Partial<ReviewChange> = {}): ReviewChange {
  return {
    path,
    kind: 'modified',
    type: 'file',
    ...(more.kind !== 'added' && { hostBytes: 10 }),
    ...(more.kind !== 'deleted' && { guestBytes: 20 }),
    binary: false,
    dangers: [],
    ...more,
  };
}

export function review(changes: ReviewChange[], more: Partial<Review> = {}): Review {
  return {
    token: 'look-1',
    machineId: 'app-01234567',
    folder: '/home/ada/app',
    changes,
    truncated: false,
    tookMs: 12,
    hashedFiles: 0,
    commits: [],
    notes: [],
    ...more,
  };
}

export function hunk(index: number, lines: string[] = [' a', `-old ${index}`, `+new ${index}`]): ReviewHunk {
  const start = 1 + index * 10;
  return {
    index,
    id: `hunk-${index}`,
    hostStart: start,
    hostLines: 2,
    guestStart: start,
    guestLines: 2,
    lines,
    notShown: 0,
  };
}
