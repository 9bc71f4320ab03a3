import { BulkheadError, messageOf } from '../../core/errors';
import type { Log } from '../../core/log';
import type { ApplyJournal, ApplyJournals, ApplyStep } from './applyJournals';
import { openRoot } from './openRoot';
import { takeBackSteps } from './takeBackSteps';

export interface Undone {
  restored: string[];
  /** Changed since, and left as they are. */
  kept: string[];
}

/** What undoing works with. */
export interface UndoWork {
  journals: ApplyJournals;
  /** The baseline goes back with the files: else what the guest has would be no change any more. */
  restoreBaseline(journal: ApplyJournal, restored: readonly string[]): Promise<void>;
  /** Aborts when this process has lost the machine's lock: whoever has it now goes on. */
  lost: AbortSignal;
}

/** Puts back what an apply replaced, byte for byte; files that changed since then stay. Twice is the same as once. */
async function undoSteps({ journals, lost }: UndoWork, journal: ApplyJournal): Promise<Undone> {
  const root = await openRoot(journal);
  const undone: Undone = { restored: [], kept: [] };
  const picked = new Set(journal.applied);
  try {
    const bytes = ({ backup }: ApplyStep) => journals.readBytes(journal.applyId, backup ?? -1);
    for (const [step, back] of await takeBackSteps(root, journal.steps, bytes, lost)) {
      const isFolder = step.before.type === 'directory' || step.after.type === 'directory';
      // A folder that something else came into is not worth a word.
      if (!isFolder || picked.has(step.path)) {
        (back ? undone.restored : undone.kept).push(step.path);
      }
    }
  } finally {
    await root.close();
  }
  return undone;
}

/** An undo that is killed on its way is gone on with at the next call: `undoing` is written first, `undone` last. */
async function finishUndo(work: UndoWork, journal: ApplyJournal): Promise<Undone> {
  const undone = await undoSteps(work, journal);
  await work.restoreBaseline(journal, undone.restored);
  await work.journals.write({ ...journal, state: 'undone' });
  await work.journals.dropBytes(journal.applyId);
  return undone;
}

/** @throws BulkheadError of kind `usage` if it was undone already */
export async function undoApply(work: UndoWork, applyId: string): Promise<Undone> {
  const journal = await work.journals.read(applyId);
  if (journal.state === 'undone') {
    throw new BulkheadError('These changes were undone already', { kind: 'usage' });
  }
  await work.journals.write({ ...journal, state: 'undoing' });
  return finishUndo(work, journal);
}

/**
 * Takes back what an apply left half done when its process was killed, and finishes an undo of that kind. Call with the
 * machine's lock held: nobody is applying then. @returns sentences for the user
 */
export async function takeBackInterrupted(
  work: UndoWork,
  machineId: string,
  log: Log,
  except?: string,
): Promise<string[]> {
  const notes: string[] = [];
  for (const journal of await work.journals.of(machineId)) {
    const { applyId, state, at } = journal;
    if ((state !== 'applying' && state !== 'undoing') || applyId === except) {
      continue;
    }
    const what = state === 'applying' ? 'Bringing changes back' : 'An undo';
    try {
      const { kept } = await finishUndo(work, journal);
      const done = state === 'applying' ? 'has been taken back now' : 'has been finished now';
      notes.push(
        `${what} was interrupted (${new Date(at).toLocaleString()}), and ${done}.${
          kept.length > 0 ? ` Changed since, and left as they are: ${kept.slice(0, 20).join(', ')}.` : ''
        }`,
      );
    } catch (error) {
      if (work.lost.aborted) {
        throw error;
      }
      notes.push(`${what} was interrupted, and could not be taken back: ${messageOf(error)}`);
    }
  }
  for (const note of notes) {
    log.warn(note);
  }
  return notes;
}
