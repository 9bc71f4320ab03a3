import type { FileType } from '../../guest/guestFiles';
import type { HostState } from '../host/hostPath';
import type { ReviewChange, ShownIn } from '../reviewService';
import type { BaselineEntry } from './baseline';

/** What the guest had at a path, by one look. */
export interface GuestState {
  type: FileType | 'absent';
  /** 12 permission bits. */
  mode: number;
  size: number;
  /** Of a file: of the bytes that are held, else the guest's word. */
  sha256?: string;
  /** Of a symlink. */
  target?: string;
  /** Size, times and inode of a file: equal if it was not touched since. */
  stat?: string;
}

/** One change of a review, and all that was known when the user saw it. */
export interface LookedAt {
  change: ReviewChange;
  guest: GuestState;
  host: HostState;
  base?: BaselineEntry;
  /** What was at `change.from`. */
  fromHost?: HostState;
}

/** A review as it is kept on disk under its token. */
export interface StoredReview {
  version: 2;
  token: string;
  machineId: string;
  /** The host's folder as the machine names it, and what it really was then. */
  folder: string;
  root: { path: string; dev: number; ino: number };
  guestFolder: string;
  /** Milliseconds since the epoch. */
  at: number;
  shownIn: ShownIn;
  truncated: boolean;
  looked: LookedAt[];
}

export const ABSENT: GuestState = { type: 'absent', mode: 0, size: 0 };

export function isExecutable(mode: number): boolean {
  return (mode & 0o111) !== 0;
}
