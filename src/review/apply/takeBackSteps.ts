import { codeOf } from '../../core/errors';
import type { HostFolder } from '../../guest/copy/hostFolder';
import type { ApplyStep } from './applyJournals';
import { takeBack } from './applyStep';
import { undoOrder } from './undoOrder';

/** Codes of the system for something that is there and is no empty folder. */
const STAYS = new Set(['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'ELOOP']);

/** A folder, and what is in it of those that an apply made. */
interface Made {
  step?: ApplyStep;
  inner: Map<string, Made>;
}

/**
 * Takes steps back, in an order that works out. `bytes` gives what a step replaced; `lost` stops it: whoever has the lock goes on.
 * @returns whether each is back: false for what is something else by now, which stays
 */
export async function takeBackSteps(
  root: HostFolder,
  steps: readonly ApplyStep[],
  bytes: (step: ApplyStep) => Promise<Buffer>,
  lost: AbortSignal,
): Promise<Map<ApplyStep, boolean>> {
  const outcome = new Map<ApplyStep, boolean>();
  const isMade = ({ before, after }: ApplyStep) => before.type === 'absent' && after.type === 'directory';
  const made: Made = { inner: new Map() };
  for (const step of steps.filter(isMade)) {
    let at = made;
    for (const name of step.path.split('/')) {
      const next: Made = at.inner.get(name) ?? { inner: new Map() };
      at.inner.set(name, next);
      at = next;
    }
    at.step = step;
  }
  let foldersLeft = true;
  for (const step of undoOrder(steps)) {
    lost.throwIfAborted();
    if (!isMade(step)) {
      outcome.set(step, await takeBack(root, step, () => bytes(step)));
    } else if (foldersLeft) {
      foldersLeft = false;
      await removeMade(root, made.inner, outcome);
    }
  }
  return outcome;
}

/** From the inside out, in one walk: a guest can have made thousands of folders, each in the last one. */
async function removeMade(
  holder: HostFolder,
  folders: ReadonlyMap<string, Made>,
  outcome: Map<ApplyStep, boolean>,
): Promise<void> {
  for (const [name, { step, inner }] of folders) {
    if (inner.size > 0) {
      const child = (await holder.look(name)) === 'directory' ? await holder.child(name) : undefined;
      try {
        if (child) {
          await removeMade(child, inner, outcome);
        }
      } finally {
        await child?.close();
      }
    }
    if (step) {
      outcome.set(step, await isGone(holder, name));
    }
  }
}

async function isGone(holder: HostFolder, name: string): Promise<boolean> {
  try {
    await holder.removeEmpty(name);
  } catch (error) {
    if (STAYS.has(codeOf(error) ?? '')) {
      return false;
    }
    if (codeOf(error) !== 'ENOENT') {
      throw error;
    }
  }
  return true;
}
