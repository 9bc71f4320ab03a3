import { BulkheadError } from '../../core/errors';
import { printable } from '../../core/log';

/** Above either, the user is asked first. Files and bytes. */
export const ASK_ABOVE = { files: 10_000, bytes: 1024 ** 3 };
/** More entries than this are not one copy. */
export const ENTRIES_MAX = 200_000;
export const DEPTH_MAX = 100;
/** Skipped entries that are named; the rest is counted. */
const SKIPPED_NAMED = 500;

/** A file, folder or symlink that is to be copied. */
export interface CopyNode {
  /** At the source. */
  readonly name: string;
  /** Absolute path at the source. */
  readonly source: string;
  readonly type: 'file' | 'directory' | 'symlink';
  /** Bytes, as the source says. */
  readonly size: number;
  /** Permission bits, as the source says. */
  readonly mode: number;
  readonly children: CopyNode[];
  /** What happens at the destination; `place` unless `resolveConflicts` says otherwise. */
  placing: Placing;
}

export type Placing =
  /** It gets this name; `replaces` if something is there and goes. */
  | { kind: 'place'; name: string; replaces: boolean }
  /** A folder that is there too: what is in both comes together. */
  | { kind: 'merge'; name: string }
  | { kind: 'skip' };

export function copyNode(node: Omit<CopyNode, 'children' | 'placing'>): CopyNode {
  return { ...node, children: [], placing: { kind: 'place', name: node.name, replaces: false } };
}

export interface Skipped {
  /** At the source, not yet made printable. */
  path: string;
  reason: SkipReason;
}

export type SkipReason =
  | 'link'
  | 'notAFile'
  | 'name'
  | 'collision'
  | 'tooDeep'
  | 'unreadable'
  | 'repository'
  | 'conflict';

/** What is left out, bounded. */
export class SkippedList {
  readonly named: Skipped[] = [];
  count = 0;

  add(path: string, reason: SkipReason): void {
    this.count++;
    if (this.named.length < SKIPPED_NAMED) {
      this.named.push({ path, reason });
    }
  }
}

export interface Amount {
  files: number;
  folders: number;
  bytes: number;
}

/** What is there to copy, before anything is. */
export interface CopyPlan {
  roots: CopyNode[];
  total: Amount;
  skipped: SkippedList;
  /** Some file has an executable bit; some `.git` is in it. */
  hasExecutables: boolean;
  hasRepository: boolean;
}

/** What is not skipped below these nodes. */
export function amountOf(nodes: readonly CopyNode[]): Amount {
  const amount = { files: 0, folders: 0, bytes: 0 };
  const stack = [...nodes];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (node.placing.kind === 'skip') {
      continue;
    }
    if (node.type === 'directory') {
      amount.folders++;
      stack.push(...node.children);
    } else {
      amount.files++;
      amount.bytes += node.size;
    }
  }
  return amount;
}

export function tooMany(what: string): BulkheadError {
  return new BulkheadError(`${printable(what, 300)} has more than ${ENTRIES_MAX} files and folders`, {
    kind: 'usage',
    next: 'Copy parts of it, or pack it into one archive first.',
  });
}

/** What a copy asks the user. */
export interface CopyQuestions {
  /** It is more than `ASK_ABOVE`. False leaves everything as it is. */
  isLargeFine(amount: Amount): Promise<boolean>;
  /** Something of that name is there. `canReplace` is false if one of the two is a folder. */
  onConflict(conflict: Conflict): Promise<ConflictAnswer>;
}

export interface Conflict {
  /** Relative to the destination, with `/` between components; not yet made printable. */
  path: string;
  canReplace: boolean;
}

export type ConflictAnswer = 'overwrite' | 'skip' | 'keepBoth';

export interface CopyResult extends Amount {
  skipped: readonly Skipped[];
  skippedCount: number;
  /** Absolute paths at the destination of what was picked. */
  placed: string[];
}

export function isLarge(amount: Amount, limit: Pick<Amount, 'files' | 'bytes'> = ASK_ABOVE): boolean {
  return amount.files > limit.files || amount.bytes > limit.bytes;
}
