import { BulkheadError, messageOf } from '../../core/errors';
import type { Log } from '../../core/log';
import type { ApplyJournal, ApplyJournals } from './applyJournals';
import { takeBack } from './applyStep';
import { openRoot } from './openRoot';
import { undoOrder } from './undoOrder';

export interface Undone {
  restored: string[];
  /** Changed since, and left as they are. */
  kept: string[];
}

/** Puts back what an apply replaced, byte for byte; files that changed since then stay. */
export async function undoSteps(journals: ApplyJournals, journal: ApplyJournal): Promise<Undone> {
  const root = await openRoot(journal);
  const undone: Undone = { restored: [], kept: [] };
  try {
    for (const step of undoOrder(journal.steps)) {
      const bytes = () => journals.readBytes(journal.applyId, step.backup ?? -1);
      const isFolder = step.before.type === 'directory' || step.after.type === 'directory';
      const back = await takeBack(root, step, bytes);
      // A folder that something else came into is not worth a word.
      if (!isFolder || journal.applied.includes(step.path)) {
        (back ? undone.restored : undone.kept).push(step.path);
      }
    }
  } finally {
    await root.close();
  }
  return undone;
}

/** @throws BulkheadError of kind `usage` if it was undone already */
export async function undoApply(journals: ApplyJournals, applyId: string): Promise<Undone> {
  const journal = await journals.read(applyId);
  if (journal.state === 'undone') {
    throw new BulkheadError('These changes were undone already', { kind: 'usage' });
  }
  const undone = await undoSteps(journals, journal);
  await journals.write({ ...journal, state: 'undone' });
  return undone;
}

/**
 * Takes back what an apply left half done when its process was killed. Call with the machine's lock held: nobody is applying
 * then. @returns sentences for the user
 */
export async function takeBackInterrupted(
  journals: ApplyJournals,
  machineId: string,
  log: Log,
): Promise<string[]> {
  const notes: string[] = [];
  for (const journal of await journals.of(machineId)) {
    if (journal.state !== 'applying') {
      continue;
    }
    try {
      const { kept } = await undoSteps(journals, journal);
      await journals.write({ ...journal, state: 'undone' });
      const when = new Date(journal.at).toLocaleString();
      notes.push(
        `Bringing changes back was interrupted (${when}), and has been taken back now.${
          kept.length > 0 ? ` Changed since, and left as they are: ${kept.slice(0, 20).join(', ')}.` : ''
        }`,
      );
    } catch (error) {
      notes.push(`Bringing changes back was interrupted, and could not be taken back: ${messageOf(error)}`);
    }
  }
  for (const note of notes) {
    log.warn(note);
  }
  return notes;
}
