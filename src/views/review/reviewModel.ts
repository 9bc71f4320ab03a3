import type { Review, ReviewChange, ReviewHunk, Selection } from '../../review/reviewService';

/** Where a change is listed, in the order of the view. */
export const CHANGE_GROUPS = ['conflicts', 'attention', 'changes', 'installed', 'blocked'] as const;
export type ChangeGroup = (typeof CHANGE_GROUPS)[number];

type Resolution = NonNullable<Selection['resolution']>;

/** What would be brought back now. */
export interface Totals {
  /** Ticked changes. */
  count: number;
  /** Of those, what disappears from the folder. */
  deleted: number;
  /** Bytes of the guest's side of what is written; whole files even where only hunks are ticked. */
  bytes: number;
  dangerous: ReviewChange[];
  conflicts: ReviewChange[];
}

/**
 * One look at the machine, and what the user has ticked of it. Ordinary changes begin ticked. A dangerous or conflicting
 * one is ticked only by itself: nothing that ticks many of them at once exists.
 */
export class ReviewModel {
  private readonly byPath = new Map<string, ReviewChange>();
  private readonly listed: Record<ChangeGroup, ReviewChange[]> = {
    conflicts: [],
    attention: [],
    changes: [],
    installed: [],
    blocked: [],
  };
  private readonly ticked = new Set<string>();
  private readonly known = new Map<string, ReviewHunk[]>();
  /** Of files of which not all hunks are wanted: those that are. */
  private readonly chosenHunks = new Map<string, Set<number>>();
  private readonly resolutions = new Map<string, Resolution>();

  /**
   * @param before the look that this one replaces. What the user unticked there stays unticked. Everything else that was
   * decided is asked again: a dangerous or conflicting file can be another by now, and so can the lines of a hunk.
   */
  constructor(
    readonly review: Review,
    before?: ReviewModel,
  ) {
    for (const change of review.changes) {
      if (this.byPath.has(change.path)) {
        continue;
      }
      this.byPath.set(change.path, change);
      const group = groupOf(change);
      this.listed[group].push(change);
      if (group === 'changes' && !before?.isLeftOut(change.path)) {
        this.ticked.add(change.path);
      }
    }
    for (const group of CHANGE_GROUPS) {
      this.listed[group].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    }
  }

  changesOf(group: ChangeGroup): readonly ReviewChange[] {
    return this.listed[group];
  }

  change(path: string): ReviewChange | undefined {
    return this.byPath.get(path);
  }

  groupOf(path: string): ChangeGroup | undefined {
    const change = this.byPath.get(path);
    return change && groupOf(change);
  }

  isTicked(path: string): boolean {
    return this.ticked.has(path);
  }

  tickedIn(group: ChangeGroup): number {
    return this.listed[group].filter(({ path }) => this.ticked.has(path)).length;
  }

  /** Ticks one change with all its hunks. False, and nothing happens, if it conflicts and nobody has said how to resolve that. */
  tick(path: string, wanted: boolean): boolean {
    const group = this.groupOf(path);
    if (group === undefined || this.byPath.get(path)?.blocked !== undefined) {
      return false;
    }
    if (!wanted) {
      this.ticked.delete(path);
      this.chosenHunks.delete(path);
      return true;
    }
    if (group === 'conflicts' && !this.resolutions.has(path)) {
      return false;
    }
    this.ticked.add(path);
    this.chosenHunks.delete(path);
    return true;
  }

  /** All ordinary changes at once, and only those. */
  tickOrdinary(wanted: boolean): void {
    for (const { path } of this.listed.changes) {
      this.tick(path, wanted);
    }
  }

  /** What happens with a conflict; undefined keeps the host's file, and unticks it. */
  resolve(path: string, resolution: Resolution | undefined): void {
    if (this.groupOf(path) !== 'conflicts') {
      return;
    }
    if (resolution === undefined) {
      this.resolutions.delete(path);
    } else {
      this.resolutions.set(path, resolution);
    }
    this.tick(path, resolution !== undefined);
  }

  resolution(path: string): Resolution | undefined {
    return this.resolutions.get(path);
  }

  /** Whether the parts of a file can be chosen one by one. */
  hasHunks(path: string): boolean {
    const change = this.byPath.get(path);
    return (
      change !== undefined &&
      change.kind === 'modified' &&
      change.type === 'file' &&
      !change.binary &&
      change.conflict === undefined &&
      change.blocked === undefined
    );
  }

  /** Undefined until they were read. */
  hunks(path: string): readonly ReviewHunk[] | undefined {
    return this.known.get(path);
  }

  setHunks(path: string, hunks: ReviewHunk[]): void {
    this.known.set(path, hunks);
  }

  isHunkTicked(path: string, index: number): boolean {
    return this.ticked.has(path) && (this.chosenHunks.get(path)?.has(index) ?? true);
  }

  /** A file with its last hunk gone is unticked; one with all of them is ticked as a whole. */
  tickHunk(path: string, index: number, wanted: boolean): void {
    const all = (this.known.get(path) ?? []).map((hunk) => hunk.index);
    if (!this.hasHunks(path) || !all.includes(index)) {
      return;
    }
    const chosen = new Set(all.filter((each) => this.isHunkTicked(path, each)));
    chosen[wanted ? 'add' : 'delete'](index);
    this.chosenHunks.delete(path);
    if (chosen.size === 0) {
      this.ticked.delete(path);
      return;
    }
    this.ticked.add(path);
    if (chosen.size < all.length) {
      this.chosenHunks.set(path, chosen);
    }
  }

  /** How many of a file's hunks are wanted, if not all are. */
  partOf(path: string): { chosen: number; all: number } | undefined {
    const chosen = this.chosenHunks.get(path);
    return chosen && { chosen: chosen.size, all: this.known.get(path)?.length ?? chosen.size };
  }

  /** What is to be applied, in the order of the view. */
  selections(): Selection[] {
    return this.tickedChanges().map((change) => {
      const { path } = change;
      const hunks = this.chosenHunks.get(path);
      const resolution = this.resolutions.get(path);
      return {
        path,
        ...(hunks && { hunks: this.idsOf(path, hunks) }),
        // The tick of a dangerous change is its own: nothing else can have set it.
        ...(change.dangers.length > 0 && { dangersAccepted: true }),
        ...(change.conflict !== undefined && resolution !== undefined && { resolution }),
      };
    });
  }

  totals(): Totals {
    const changes = this.tickedChanges();
    return {
      count: changes.length,
      deleted: changes.filter(({ kind }) => kind === 'deleted').length,
      bytes: changes.reduce((sum, change) => sum + this.bytesOf(change), 0),
      dangerous: changes.filter(({ dangers }) => dangers.length > 0),
      conflicts: changes.filter(({ conflict }) => conflict !== undefined),
    };
  }

  private idsOf(path: string, chosen: ReadonlySet<number>): string[] {
    const all = this.known.get(path) ?? [];
    return all.filter(({ index }) => chosen.has(index)).map(({ id }) => id);
  }

  private bytesOf(change: ReviewChange): number {
    const resolution = this.resolutions.get(change.path);
    return typeof resolution === 'object' ? resolution.merged.length : (change.guestBytes ?? 0);
  }

  private tickedChanges(): ReviewChange[] {
    return CHANGE_GROUPS.flatMap((group) => this.listed[group].filter(({ path }) => this.ticked.has(path)));
  }

  /** The user has seen it as an ordinary change, and did not want it, or not all of it. */
  private isLeftOut(path: string): boolean {
    return this.groupOf(path) === 'changes' && (!this.ticked.has(path) || this.chosenHunks.has(path));
  }
}

function groupOf(change: ReviewChange): ChangeGroup {
  if (change.files !== undefined) {
    return 'installed';
  }
  if (change.blocked !== undefined) {
    return 'blocked';
  }
  if (change.conflict !== undefined) {
    return 'conflicts';
  }
  if (change.dangers.includes('installed')) {
    return 'installed';
  }
  return change.dangers.length > 0 ? 'attention' : 'changes';
}
