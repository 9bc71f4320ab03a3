import { throwIfAborted } from '../../core/deadline';
import { BulkheadError, codeOf, isCancelled, messageOf } from '../../core/errors';
import type { ReportProgress } from '../../core/progress';
import type { HostFolder } from '../../guest/copy/hostFolder';
import type { WaitOptions } from '../../machine/hypervisor';
import { atHostPath, hostStateAt, readHostFile } from '../host/hostPath';
import type { LookedAt, StoredReview } from '../look/lookedAt';
import type { ApplyResult, Selection } from '../reviewService';
import { type ApplyJournal, type ApplyJournals, type ApplyStep, newApplyId } from './applyJournals';
import { ChangedMeanwhile, takeBack, takeStep } from './applyStep';
import { emptyFolder, foldersAbove } from './emptiedFolders';
import { openRoot } from './openRoot';
import { type PlannedChange, planChange, Refused } from './planApply';
import { undoOrder } from './undoOrder';

const SELECTIONS_MAX = 5_000;
/** Of all files that one apply writes, and of all that it replaces. Bytes. */
const BYTES_MAX = 512 * 1024 * 1024;
/** A file of this computer that is replaced is backed up first. Bytes. */
const REPLACED_MAX = 256 * 1024 * 1024;

export interface ApplyRun {
  journals: ApplyJournals;
  /** The bytes of the guest's file as they were looked at. @throws Refused */
  contentOf(looked: LookedAt): Promise<Buffer>;
  /** The guest has something else there by now: why, or undefined. */
  changedInGuest(looked: readonly LookedAt[]): Promise<Map<string, string>>;
}

export interface Applied extends ApplyResult {
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
  if (selections.length > SELECTIONS_MAX) {
    throw new BulkheadError(`More than ${SELECTIONS_MAX} changes are too many for one apply`, {
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
  private bytes = 0;
  private backups = 0;

  constructor(
    private readonly root: HostFolder,
    private readonly review: StoredReview,
    private readonly work: ApplyRun,
    private readonly options: WaitOptions & { onProgress?: ReportProgress },
  ) {
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
      journal.applied = done.map(({ path }) => path);
      journal.state = 'applied';
      await (done.length === 0 ? work.journals.drop(journal.applyId) : work.journals.write(journal));
    } catch (error) {
      await this.takeAllBack();
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
        if (change.steps.some(({ step }) => step.before.type === 'file' && step.before.size > REPLACED_MAX)) {
          throw new Refused('the file on this computer is too large to be kept for an undo');
        }
        this.bytes += change.steps.reduce((sum, { content }) => sum + (content?.bytes.length ?? 0), 0);
        if (this.bytes > BYTES_MAX) {
          throw new Refused(`one apply writes at most ${BYTES_MAX / 1024 / 1024} MB`);
        }
        planned.push(change);
      } catch (error) {
        this.refuse(path, error);
      }
    }
    return planned;
  }

  /** Keeps what will be replaced, then says in the journal what is about to happen. */
  private async prepare(ordered: readonly PlannedChange[]): Promise<void> {
    const { journal, work } = this;
    for (const { steps } of ordered) {
      for (const { step } of steps) {
        const kept: ApplyStep = { ...step, temporary: this.temporary() };
        if (step.before.type === 'file') {
          kept.backup = this.backups++;
          await work.journals.keepBytes(journal.applyId, kept.backup, await this.hostBytes(step.path));
        }
        journal.steps.push(kept);
      }
    }
    await work.journals.write(journal);
  }

  /** All steps of one selection, or none. */
  private async take(change: PlannedChange): Promise<boolean> {
    const taken: ApplyStep[] = [];
    try {
      await this.makeParents(change, taken);
      for (const { step, content } of change.steps) {
        const kept = this.journal.steps.find(({ path }) => path === step.path);
        if (kept) {
          taken.push(kept);
          kept.after = await takeStep(this.root, kept, content, change.looked.change.from);
        }
      }
      return true;
    } catch (error) {
      if (!(error instanceof ChangedMeanwhile) && codeOf(error) !== 'ENOTEMPTY') {
        throw error;
      }
      for (const step of taken.reverse()) {
        await this.back(step);
      }
      const gone = new Set([...taken.map(({ path }) => path), ...change.steps.map(({ step }) => step.path)]);
      this.journal.steps = this.journal.steps.filter(({ path }) => !gone.has(path));
      this.refuse(change.path, error);
      return false;
    }
  }

  private async makeParents({ path, steps }: PlannedChange, taken: ApplyStep[]): Promise<void> {
    if (steps.every(({ step }) => step.after.type === 'absent')) {
      return;
    }
    const names = path.split('/').slice(0, -1);
    for (let depth = 1; depth <= names.length; depth++) {
      const folder = names.slice(0, depth).join('/');
      const now = await hostStateAt(this.root, folder);
      if (now.type !== 'absent') {
        continue;
      }
      const made: ApplyStep = {
        path: folder,
        before: now,
        after: { type: 'directory', mode: 0o777 & ~process.umask() },
        temporary: this.temporary(),
      };
      await this.also(made);
      taken.push(made);
    }
  }

  /** Folders that deletions emptied go too: git, and most people, take them for nothing. */
  private async prune(done: readonly PlannedChange[]): Promise<void> {
    const gone = done.flatMap(({ steps }) =>
      steps.filter(({ step }) => step.after.type === 'absent').map(({ step }) => step.path),
    );
    for (const path of foldersAbove(gone)) {
      const before = await emptyFolder(this.root, path);
      if (before) {
        await this.also({ path, before, after: { type: 'absent' }, temporary: this.temporary() }).catch(
          (error: unknown) => {
            // Something came into it just now: it stays.
            if (!(error instanceof ChangedMeanwhile) && codeOf(error) !== 'ENOTEMPTY') {
              throw error;
            }
          },
        );
      }
    }
  }

  /** A step that was not planned, written down before it is taken. */
  private async also(step: ApplyStep): Promise<void> {
    this.journal.steps.push(step);
    await this.work.journals.write(this.journal);
    await takeStep(this.root, step, undefined);
  }

  private async takeAllBack(): Promise<void> {
    for (const step of undoOrder(this.journal.steps)) {
      await this.back(step);
    }
    await this.work.journals.drop(this.journal.applyId);
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
      async (holder, name) => holder && readHostFile(holder, name, REPLACED_MAX),
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
