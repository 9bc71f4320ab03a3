import { throwIfAborted } from '../../core/deadline';
import { BulkheadError, codeOf, isCancelled, messageOf } from '../../core/errors';
import type { ReportProgress } from '../../core/progress';
import type { HostFolder } from '../../guest/copy/hostFolder';
import type { WaitOptions } from '../../machine/hypervisor';
import { atHostPath, readHostFile } from '../host/hostPath';
import type { LookedAt, StoredReview } from '../look/lookedAt';
import type { ApplyResult, Selection } from '../reviewService';
import { type ApplyJournal, type ApplyJournals, type ApplyStep, newApplyId } from './applyJournals';
import { ChangedMeanwhile, takeBack, takeStep } from './applyStep';
import { emptiedFolders } from './emptiedFolders';
import { NewFolders } from './newFolders';
import { openRoot } from './openRoot';
import { type PlannedChange, type PlannedStep, planChange, Refused } from './planApply';
import { takeBackSteps } from './takeBackSteps';

const MB = 1024 * 1024;
/**
 * Of one apply: selections; bytes that it writes, and that it replaces or deletes; bytes of one file that it replaces, which is
 * backed up first; folders that it makes.
 */
export const APPLY_MAX = { selections: 5_000, bytes: 512 * MB, replaced: 256 * MB, folders: 2_000 };

export interface ApplyRun {
  journals: ApplyJournals;
  /** The bytes of the guest's file as they were looked at. @throws Refused */
  contentOf(looked: LookedAt): Promise<Buffer>;
  /** Aborts when this process has lost the machine's lock: then nothing is written any more, nor taken back. */
  lost: AbortSignal;
  /** There is no room for another undo: older ones may go. */
  dropUndo: boolean;
  /** The guest has something else there by now: why, or undefined. */
  changedInGuest(looked: readonly LookedAt[]): Promise<Map<string, string>>;
}

export interface Applied extends Omit<ApplyResult, 'notes'> {
  journal: ApplyJournal;
  changes: PlannedChange[];
}

/**
 * Checks every selection, backs up what they replace, then writes: deletions first, folders before what is in them. What does
 * not work out for one selection refuses that one; any other failure takes everything back.
 */
export async function applyChanges(
  review: StoredReview,
  selections: readonly Selection[],
  run: ApplyRun,
  options: WaitOptions & { onProgress?: ReportProgress },
): Promise<Applied> {
  if (selections.length > APPLY_MAX.selections) {
    throw new BulkheadError(`More than ${APPLY_MAX.selections} changes are too many for one apply`, {
      kind: 'usage',
      next: 'Apply them in parts.',
    });
  }
  const root = await openRoot(review);
  try {
    return await new Apply(root, review, run, options).run(selections);
  } finally {
    await root.close();
  }
}

class Apply {
  private readonly refused: ApplyResult['refused'] = [];
  private readonly journal: ApplyJournal;
  private readonly folders: NewFolders;
  private readonly kept = new Map<PlannedStep, ApplyStep>();
  private bytes = 0;
  private replaced = 0;
  private backups = 0;

  constructor(
    private readonly root: HostFolder,
    private readonly review: StoredReview,
    private readonly work: ApplyRun,
    private readonly options: WaitOptions & { onProgress?: ReportProgress },
  ) {
    this.folders = new NewFolders(root, APPLY_MAX.folders);
    const { machineId, folder, root: place } = review;
    this.journal = {
      version: 1,
      applyId: newApplyId(),
      machineId,
      folder,
      root: place,
      at: Date.now(),
      state: 'applying',
      steps: [],
      applied: [],
      baselineBefore: [],
    };
  }

  async run(selections: readonly Selection[]): Promise<Applied> {
    const { journal, work, refused } = this;
    const planned = await this.plan(selections);
    const ordered = [...planned].sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
    const done: PlannedChange[] = [];
    try {
      await work.journals.assertRoom(journal, this.replaced, work.dropUndo);
      await this.prepare(ordered);
      for (const change of ordered) {
        throwIfAborted(this.options.signal);
        if (await this.take(change)) {
          done.push(change);
        }
        this.options.onProgress?.({
          phase: 'review',
          message: `${done.length} of ${ordered.length} changes`,
          done: done.length,
          total: ordered.length,
          unit: 'count',
        });
      }
      await this.prune(done);
      journal.steps = journal.steps.filter((step) => !this.folders.isUnused(step));
      journal.applied = done.map(({ path }) => path);
      journal.state = 'applied';
      await (done.length === 0 ? work.journals.drop(journal.applyId) : work.journals.write(journal));
    } catch (error) {
      if (!work.lost.aborted) {
        await this.takeAllBack();
      }
      throw isCancelled(error) || error instanceof BulkheadError
        ? error
        : new BulkheadError(`The changes could not be applied, and nothing was: ${messageOf(error)}`, {
            cause: error,
          });
    }
    const { applyId } = journal;
    return { applyId, applied: journal.applied, refused, journal, changes: done };
  }

  private async plan(selections: readonly Selection[]): Promise<PlannedChange[]> {
    const byPath = new Map(this.review.looked.map((looked) => [looked.change.path, looked]));
    const picked = selections.flatMap(({ path }) => byPath.get(path) ?? []);
    const stale = picked.length > 0 ? await this.work.changedInGuest(picked) : new Map<string, string>();
    const planned: PlannedChange[] = [];
    const seen = new Set<string>();
    for (const selection of selections) {
      throwIfAborted(this.options.signal);
      const { path } = selection;
      try {
        const looked = byPath.get(path);
        const why = stale.get(path);
        if (!looked || seen.has(path) || why !== undefined) {
          throw new Refused(why ?? (looked ? 'it was picked twice' : 'it is no change of this look'));
        }
        seen.add(path);
        const change = await planChange(this.root, looked, selection, {
          guest: () => this.work.contentOf(looked),
          host: (name) => this.hostBytes(name),
        });
        await this.assertFits(change);
        planned.push(change);
      } catch (error) {
        this.refuse(path, error);
      }
    }
    return planned;
  }

  /** What is refused here takes no room from the next one. */
  private async assertFits({ path, steps }: PlannedChange): Promise<void> {
    const sizes = steps.map(({ step }) => (step.before.type === 'file' ? step.before.size : 0));
    const replaced = this.replaced + sizes.reduce((sum, size) => sum + size, 0);
    const bytes = this.bytes + steps.reduce((sum, { content }) => sum + (content?.bytes.length ?? 0), 0);
    if (sizes.some((size) => size > APPLY_MAX.replaced)) {
      throw new Refused('the file on this computer is too large to be kept for an undo');
    }
    if (Math.max(bytes, replaced) > APPLY_MAX.bytes) {
      throw new Refused(`one apply writes, replaces and deletes at most ${APPLY_MAX.bytes / MB} MB`);
    }
    if (steps.some(({ step }) => step.after.type !== 'absent')) {
      await this.folders.plan(path);
    }
    this.bytes = bytes;
    this.replaced = replaced;
  }

  /** Keeps what will be replaced, then says in the journal what is about to happen. */
  private async prepare(ordered: readonly PlannedChange[]): Promise<void> {
    const { journal, work } = this;
    journal.steps.push(...this.folders.steps);
    for (const { steps } of ordered) {
      for (const planned of steps) {
        const { step } = planned;
        throwIfAborted(this.options.signal);
        const kept: ApplyStep = { ...step, temporary: this.temporary() };
        if (step.before.type === 'file') {
          kept.backup = this.backups++;
          await work.journals.keepBytes(journal.applyId, kept.backup, await this.hostBytes(step.path));
        }
        journal.steps.push(kept);
        this.kept.set(planned, kept);
      }
    }
    await work.journals.write(journal);
  }

  /** All steps of one selection, or none. */
  private async take(change: PlannedChange): Promise<boolean> {
    const taken: ApplyStep[] = [];
    try {
      if (change.steps.some(({ step }) => step.after.type !== 'absent')) {
        await this.folders.make(change.path, taken);
      }
      for (const planned of change.steps) {
        const kept = this.kept.get(planned);
        if (kept) {
          taken.push(kept);
          kept.after = await takeStep(this.root, kept, planned.content, change.looked.change.from);
        }
      }
      return true;
    } catch (error) {
      if (!(error instanceof ChangedMeanwhile) && codeOf(error) !== 'ENOTEMPTY') {
        throw error;
      }
      for (const step of taken.reverse()) {
        await this.back(step);
        this.folders.tookBack(step);
      }
      const own = new Set(change.steps.map((planned) => this.kept.get(planned)));
      this.journal.steps = this.journal.steps.filter((step) => !own.has(step));
      this.refuse(change.path, error);
      return false;
    }
  }

  /** Folders that deletions emptied go too: git, and most people, take them for nothing. */
  private async prune(done: readonly PlannedChange[]): Promise<void> {
    const gone = done.flatMap(({ steps }) =>
      steps.filter(({ step }) => step.after.type === 'absent').map(({ step }) => step.path),
    );
    const empty = await emptiedFolders(this.root, gone);
    const steps = empty.map(
      ({ path, state }): ApplyStep => ({ path, before: state, after: { type: 'absent' }, temporary: '' }),
    );
    if (steps.length === 0) {
      return;
    }
    this.journal.steps.push(...steps);
    await this.work.journals.write(this.journal);
    for (const step of steps) {
      throwIfAborted(this.options.signal);
      await takeStep(this.root, step, undefined).catch((error: unknown) => {
        // Something came into it just now: it stays.
        if (!(error instanceof ChangedMeanwhile) && codeOf(error) !== 'ENOTEMPTY') {
          throw error;
        }
      });
    }
  }

  private async takeAllBack(): Promise<void> {
    const { journal, work } = this;
    const bytes = ({ backup }: ApplyStep) => work.journals.readBytes(journal.applyId, backup ?? -1);
    await takeBackSteps(this.root, journal.steps, bytes, work.lost);
    await work.journals.drop(journal.applyId);
  }

  private async back(step: ApplyStep): Promise<void> {
    await takeBack(this.root, step, () =>
      this.work.journals.readBytes(this.journal.applyId, step.backup ?? -1),
    );
  }

  private async hostBytes(path: string): Promise<Buffer> {
    const bytes = await atHostPath<Buffer | undefined>(
      this.root,
      path,
      async (holder, name) => holder && readHostFile(holder, name, APPLY_MAX.replaced),
      undefined,
    );
    if (!bytes) {
      throw new Refused('the file on this computer is too large to be kept for an undo');
    }
    return bytes;
  }

  private refuse(path: string, error: unknown): void {
    if (
      isCancelled(error) ||
      !(error instanceof Refused || error instanceof ChangedMeanwhile || codeOf(error))
    ) {
      throw error;
    }
    this.refused.push({ path, why: messageOf(error) });
  }

  private temporary(): string {
    return `.bulkhead-${this.journal.applyId}-${this.journal.steps.length}`;
  }
}

/** What goes, goes first: it makes room. Folders next. */
function rank({ steps }: PlannedChange): number {
  const last = steps.at(-1)?.step.after.type;
  return last === 'absent' ? 0 : steps.length > 1 ? 1 : last === 'directory' ? 2 : 3;
}
