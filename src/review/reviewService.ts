import type { ReportProgress } from '../core/progress';
import type { WaitOptions } from '../machine/hypervisor';

/** Why a change needs a tick of its own: what it would make this computer do, or hide from a reader. */
export const DANGERS = [
  'git', // .git/hooks, .git/config, .gitmodules, .gitattributes (filters)
  'editor', // .vscode/, *.code-workspace, .idea/
  'devcontainer', // .devcontainer/, .devcontainer.json, .bulkhead.json, Dockerfile…
  'ci', // .github/workflows, .gitlab-ci.yml…
  'scripts', // package.json, Makefile, build scripts that tools run by themselves
  'installed', // node_modules, venv, vendor…: loaded by tools that look at the folder
  'dotfile',
  'executable',
  'symlink',
  'text', // bidi or invisible characters in the content or the name
] as const;
export type Danger = (typeof DANGERS)[number];

/** One thing that differs between the machine's workspace and the folder on this computer, since the copy. */
export interface ReviewChange {
  /** Relative to the workspace, `/` between names. The guest's word: printable() before it is shown. */
  path: string;
  kind: 'added' | 'modified' | 'deleted' | 'renamed' | 'mode';
  /** Where a renamed file was. */
  from?: string;
  type: 'file' | 'symlink' | 'directory';
  /** Of a symlink of the guest. */
  linkTarget?: string;
  /** Bytes; undefined on the side where it is not there. */
  hostBytes?: number;
  guestBytes?: number;
  /** Permission bits (0o777). */
  hostMode?: number;
  guestMode?: number;
  /** False for an `unread` one: what its bytes are shows when they are fetched. */
  binary: boolean;
  /** Its bytes were not brought over while looking: there was too much. They are bound to the SHA-256 that the guest named. */
  unread?: true;
  dangers: Danger[];
  /** A name of this computer that leads to it and whose dangers it has: a link, or what git's settings name (as in `.git`). */
  reachedAs?: string;
  /** Of a folder of installed dependencies with so many changes that they are not listed one by one: how many. Blocked. */
  files?: number;
  /** The file changed on this computer too, since the copy: what happened to it there. Never overwritten without a decision. */
  conflict?: 'modified' | 'deleted' | 'added';
  /** Why it cannot be brought back at all: a sentence for the user. */
  blocked?: string;
}

/** A run of changed lines of a text file; `index` counts from 0 within the file. */
export interface ReviewHunk {
  index: number;
  /** SHA-256 of its place and of both sides' bytes, hex: what a selection names. */
  id: string;
  /** 1-based, as in a unified diff. */
  hostStart: number;
  hostLines: number;
  guestStart: number;
  guestLines: number;
  /** Lines with ` `, `-`, `+` in front; bounded, both sides alike. */
  lines: string[];
  /** Lines that are not among them. */
  notShown: number;
}

export interface Review {
  /** Names this look at the machine. What is applied is exactly what was looked at; a file that changed since is refused. */
  token: string;
  machineId: string;
  folder: string;
  changes: ReviewChange[];
  /** More than could be listed. */
  truncated: boolean;
  /** Milliseconds. */
  tookMs: number;
  /** Files whose content was read because their size or times differ from the last look. */
  hashedFiles: number;
  /** Git commits in the guest that this computer's repository lacks, newest first, bounded; untrusted text. */
  commits: ReviewCommit[];
  /** Sentences for the user: conflicts that can't be told, an apply that was interrupted and taken back. */
  notes: string[];
}

/** Where the user can have read a look at a machine. `nowhere`: it was made to be applied at once. */
export type ShownIn = 'editor' | 'terminal' | 'nowhere';

/** A look that was shown, as it was then, without what this computer has by now. */
export interface KeptReview extends Pick<Review, 'token' | 'machineId' | 'folder' | 'changes' | 'truncated'> {
  /** Milliseconds since the epoch. */
  at: number;
}

export interface ReviewCommit {
  /** Branch name in the guest. */
  branch: string;
  hash: string;
  subject: string;
}

/** The two (with a conflict: three) sides of a change, at most 5 MB each; undefined where there is none. */
export interface ReviewSides {
  host?: Buffer;
  guest?: Buffer;
  /** What was copied into the machine, if it is still known. */
  base?: Buffer;
}

export interface Selection {
  path: string;
  /** Only these hunks, by `ReviewHunk.id`: anything but exactly what was shown is refused. The whole file if undefined. */
  hunks?: string[];
  /** The user ticked exactly this dangerous change. Without it a change with dangers is refused. */
  dangersAccepted?: boolean;
  /** With a conflict: take the guest's, or this text that the user merged. Without it a conflict is refused. */
  resolution?: 'guest' | { merged: Buffer };
}

export interface ApplyResult {
  /** Names the backup for `undoApply`. */
  applyId: string;
  applied: string[];
  refused: { path: string; why: string }[];
  /** Sentences for the user: an apply that was interrupted and taken back, undos that are gone. */
  notes: string[];
}

export interface ApplyOptions extends WaitOptions {
  /** Undos of this machine may go if there is no room for this one. Else that is an `UndoRoomError`. */
  dropUndo?: boolean;
  onProgress?: ReportProgress;
}

export interface AppliedChanges {
  applyId: string;
  machineId: string;
  folder: string;
  /** Milliseconds since the epoch. */
  at: number;
  paths: string[];
}

/** The gate that everything passes that a machine wrote and this computer's folder shall have. Part of `App`. */
export interface ReviewService {
  /** `shownIn` is `editor` if it is not named. */
  review(
    id: string,
    options?: WaitOptions & { limit?: number; shownIn?: ShownIn; onProgress?: ReportProgress },
  ): Promise<Review>;
  /**
   * The look of that token; without one, the last look that a terminal showed, if any of it is still to be brought back.
   * @throws BulkheadError of kind `usage` if the named one is not kept
   */
  keptReview(id: string, token?: string): Promise<KeptReview | undefined>;
  reviewSides(token: string, path: string, options?: WaitOptions): Promise<ReviewSides>;
  reviewHunks(token: string, path: string, options?: WaitOptions): Promise<ReviewHunk[]>;
  /**
   * Backs up, then writes; a failure or kill half-way is taken back at once or at the next call. Of a look that nobody was
   * shown only ordinary changes are applied.
   */
  applyReview(token: string, selections: readonly Selection[], options?: ApplyOptions): Promise<ApplyResult>;
  /** Puts back exactly what an apply replaced, mode included; files that changed since then stay and are named. */
  undoApply(applyId: string): Promise<{ restored: string[]; kept: string[] }>;
  /** What can still be undone, newest first. */
  appliedChanges(id: string): Promise<AppliedChanges[]>;
  /** Brings the guest's commits into this computer's repository as `bulkhead/<id>/<branch>`; no hook, no filter runs. */
  fetchCommits(id: string, options?: WaitOptions): Promise<{ ref: string; hash: string; commits: number }[]>;
}
