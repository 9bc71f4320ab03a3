import { BulkheadError } from '../core/errors';
import type { ReportProgress } from '../core/progress';
import type { HostFolder } from '../guest/copy/hostFolder';
import type { WaitOptions } from '../machine/hypervisor';
import { applyChanges } from './apply/applyChanges';
import { ApplyJournals } from './apply/applyJournals';
import { changedInGuest } from './apply/changedInGuest';
import { openRoot } from './apply/openRoot';
import { Refused } from './apply/planApply';
import { takeBackInterrupted, type Undone, type UndoWork, undoApply } from './apply/undoApply';
import { type FetchedRef, fetchCommits } from './commits/fetchCommits';
import { lackingCommits } from './commits/lackingCommits';
import { isShownAsText } from './dangers/textNames';
import { hostStateAt, sameHostState } from './host/hostPath';
import { readBaseline, writeBaseline } from './look/baseline';
import { lookAtMachine } from './look/lookAtMachine';
import type { LookedAt, StoredReview } from './look/lookedAt';
import { moveBaseline, restoreBaseline } from './look/moveBaseline';
import { notBroughtBack } from './look/notBroughtBack';
import { machineOfToken, StoredReviews } from './look/storedReviews';
import type { ReviewContext, ReviewedMachine } from './reviewContext';
import type {
  AppliedChanges,
  ApplyOptions,
  ApplyResult,
  KeptReview,
  Review,
  ReviewHunk,
  ReviewService,
  ReviewSides,
  Selection,
  ShownIn,
} from './reviewService';
import { reviewHunks } from './sides/reviewHunks';
import { assertShowable, baseContent, guestContent, hostContent, SIDE_MAX } from './sides/reviewSides';

/** Changes of one review that are listed. */
const LIMIT = 5_000;

/** The gate that everything passes that a machine wrote and this computer's folder shall have. */
export class ReviewGate implements ReviewService {
  private readonly journals: ApplyJournals;

  constructor(private readonly context: ReviewContext) {
    this.journals = new ApplyJournals(context.paths.backups, context.log);
  }

  async review(
    id: string,
    options: WaitOptions & { limit?: number; shownIn?: ShownIn; onProgress?: ReportProgress } = {},
  ): Promise<Review> {
    const began = performance.now();
    const wait = waitOf(options);
    options.onProgress?.({ phase: 'review', message: 'Looking at the files of the VM' });
    const machine = await this.context.machine(id, wait);
    return this.locked(machine.id, wait, async (held, lost) => {
      const interrupted = await this.takeBack(machine.id, lost);
      const [look, commits] = await Promise.all([
        lookAtMachine(this.context, machine, {
          ...held,
          limit: options.limit ?? LIMIT,
          shownIn: options.shownIn ?? 'editor',
        }),
        lackingCommits(this.context, machine, held),
      ]);
      return {
        token: look.review.token,
        machineId: machine.id,
        folder: machine.folder,
        changes: look.review.looked.map(({ change }) => change),
        truncated: look.truncated,
        tookMs: Math.round(performance.now() - began),
        hashedFiles: look.hashedFiles,
        commits,
        notes: [...interrupted, ...look.notes],
      };
    });
  }

  async keptReview(id: string, token?: string): Promise<KeptReview | undefined> {
    if (token !== undefined && machineOfToken(token) !== id) {
      throw new BulkheadError('That is a look at another machine', { kind: 'usage' });
    }
    const reviews = new StoredReviews(this.context.paths.reviews(id));
    const review = await (token === undefined ? reviews.latest('terminal') : reviews.load(token));
    if (!review) {
      return undefined;
    }
    const changes = (await notBroughtBack(review)).map(({ change }) => change);
    const { machineId, folder, truncated, at } = review;
    return token === undefined && changes.every(({ blocked }) => blocked !== undefined)
      ? undefined
      : { token: review.token, machineId, folder, changes, truncated, at };
  }

  async reviewSides(token: string, path: string, options: WaitOptions = {}): Promise<ReviewSides> {
    const { machine, review, reviews, looked } = await this.open(token, path, options);
    const root = await openRoot(review);
    try {
      const from = looked.change.from ?? path;
      const seen = looked.change.from === undefined ? looked.host : (looked.fromHost ?? looked.host);
      if (!sameHostState(await hostStateAt(root, from), seen)) {
        throw changedHere();
      }
      const guest = () => this.context.guest(machine.id, options);
      const host = seen.type === 'file' ? await this.hostSide(root, from, seen.size) : undefined;
      const theirs = await guestContent(guest, machine, looked, reviews.store, options);
      if (!theirs && looked.guest.type === 'file') {
        throw new BulkheadError('The file changed in the VM since this look at the changes', {
          next: 'Look at the changes again.',
        });
      }
      const base = looked.change.conflict ? await baseContent(guest, machine, looked, options) : undefined;
      return {
        ...(host && { host }),
        ...(theirs && { guest: assertShowable(theirs) ?? theirs }),
        ...(base && { base }),
      };
    } finally {
      await root.close();
    }
  }

  async reviewHunks(token: string, path: string, options: WaitOptions = {}): Promise<ReviewHunk[]> {
    const { looked } = await this.open(token, path, options);
    const { change, host, guest } = looked;
    const isText = ['added', 'modified'].includes(change.kind) && !change.binary;
    if (!isText || !['file', 'absent'].includes(host.type) || guest.type !== 'file') {
      return [];
    }
    const sides = await this.reviewSides(token, path, options);
    const [mine, theirs] = [sides.host ?? Buffer.alloc(0), sides.guest ?? Buffer.alloc(0)];
    return change.unread && !isShownAsText(path, mine, theirs) ? [] : reviewHunks(mine, theirs);
  }

  async applyReview(
    token: string,
    selections: readonly Selection[],
    options: ApplyOptions = {},
  ): Promise<ApplyResult> {
    const wait = waitOf(options);
    const machine = await this.context.machine(machineOfToken(token), wait);
    const { id } = machine;
    return this.locked(id, wait, async (held, lost) => {
      const notes = await this.takeBack(id, lost);
      const reviews = new StoredReviews(this.context.paths.reviews(id));
      const review = await reviews.load(token);
      assertSeen(review, selections);
      const guest = () => this.context.guest(id, held);
      const { applyId, journal, changes, applied, refused } = await applyChanges(
        review,
        selections,
        {
          journals: this.journals,
          lost,
          dropUndo: options.dropUndo ?? false,
          changedInGuest: async (looked) => changedInGuest(await guest(), machine, looked, held),
          contentOf: async (looked) => {
            const content = await guestContent(guest, machine, looked, reviews.store, held);
            if (!content) {
              throw new Refused('it changed in the VM since this look at the changes: look again');
            }
            return content;
          },
        },
        { ...options, ...held },
      );
      if (changes.length > 0) {
        const baseline = await readBaseline(this.context.paths.baseline(id), this.context.log);
        if (baseline) {
          journal.baselineBefore = moveBaseline(baseline, changes);
          await this.journals.write(journal);
          await writeBaseline(this.context.paths.baseline(id), baseline);
        }
        for (const { at } of await this.journals.dropOld(id, applyId)) {
          notes.push(`What was brought back on ${new Date(at).toLocaleString()} can’t be undone any more.`);
        }
      }
      return { applyId, applied, refused, notes };
    });
  }

  async undoApply(applyId: string): Promise<Undone> {
    const { machineId } = await this.journals.read(applyId);
    return this.locked(machineId, {}, async (_held, lost) => {
      await this.takeBack(machineId, lost, applyId);
      return undoApply(this.undoWork(machineId, lost), applyId);
    });
  }

  async appliedChanges(id: string): Promise<AppliedChanges[]> {
    const journals = await this.journals.of(id);
    return journals
      .filter(({ state }) => state === 'applied' || state === 'undoing')
      .map(({ applyId, machineId, folder, at, applied }) => ({
        applyId,
        machineId,
        folder,
        at,
        paths: applied,
      }));
  }

  async fetchCommits(id: string, options: WaitOptions = {}): Promise<FetchedRef[]> {
    const machine = await this.context.machine(id, options);
    return this.locked(machine.id, waitOf(options), (held) => fetchCommits(this.context, machine, held));
  }

  /** Works with the machine's lock, and stops when that is lost: another process may be at the same files by then. */
  private locked<T>(
    id: string,
    wait: WaitOptions,
    work: (held: WaitOptions, lost: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return this.context.locked(id, wait, async (lost) => {
      const signal = wait.signal ? AbortSignal.any([wait.signal, lost]) : lost;
      try {
        return await work({ signal }, lost);
      } catch (error) {
        if (lost.aborted) {
          throw new BulkheadError('This computer stood still for so long that the review was given up', {
            next: 'Look at the changes again: what was half done is taken back first.',
            cause: error,
          });
        }
        throw error;
      }
    });
  }

  private takeBack(machineId: string, lost: AbortSignal, except?: string): Promise<string[]> {
    return takeBackInterrupted(this.undoWork(machineId, lost), machineId, this.context.log, except);
  }

  private undoWork(machineId: string, lost: AbortSignal): UndoWork {
    return {
      journals: this.journals,
      lost,
      restoreBaseline: async ({ baselineBefore }, restored) => {
        const file = this.context.paths.baseline(machineId);
        const baseline = await readBaseline(file, this.context.log);
        if (baseline) {
          restoreBaseline(baseline, baselineBefore, new Set(restored));
          await writeBaseline(file, baseline);
        }
      },
    };
  }

  private async open(
    token: string,
    path: string,
    options: WaitOptions,
  ): Promise<{ machine: ReviewedMachine; review: StoredReview; reviews: StoredReviews; looked: LookedAt }> {
    const machine = await this.context.machine(machineOfToken(token), options);
    const reviews = new StoredReviews(this.context.paths.reviews(machine.id));
    const review = await reviews.load(token);
    const looked = review.looked.find(({ change }) => change.path === path);
    if (!looked) {
      throw new BulkheadError('That path is no change of this look at the machine', { kind: 'usage' });
    }
    return { machine, review, reviews, looked };
  }

  private async hostSide(root: HostFolder, path: string, size: number): Promise<Buffer> {
    const content = await hostContent(root, path, Math.max(size, SIDE_MAX));
    const shown = assertShowable(content);
    if (!shown) {
      throw changedHere();
    }
    return shown;
  }
}

/** What nobody can have read is no decision. */
function assertSeen({ shownIn }: StoredReview, selections: readonly Selection[]): void {
  const decided = selections.find(
    ({ dangersAccepted, resolution }) => dangersAccepted === true || resolution !== undefined,
  );
  if (shownIn === 'nowhere' && decided) {
    throw new BulkheadError('Nobody was shown this look at the machine’s changes', {
      kind: 'usage',
      next: 'Look at the changes, then decide about the dangerous and the conflicting ones.',
    });
  }
}

function changedHere(): BulkheadError {
  return new BulkheadError('The file changed on this computer since this look at the changes', {
    next: 'Look at the changes again.',
  });
}

function waitOf({ signal }: WaitOptions): WaitOptions {
  return signal ? { signal } : {};
}
