import { codeOf } from '../../core/errors';
import type { HostFolder } from '../../guest/copy/hostFolder';
import { collidingName } from '../host/hostCollision';
import { atHostPath, type HostState, hostStateAt, hostStateOf, sameHostState } from '../host/hostPath';
import type { ApplyStep } from './applyJournals';

/** What is put at a path: a file's bytes and its exact permission bits. */
export interface Content {
  bytes: Buffer;
  mode: number;
}

/** This computer's folder is not as it was: somebody changed it meanwhile. */
export class ChangedMeanwhile extends Error {}

/**
 * Takes one step: what is there is looked at once more, right before it is replaced.
 * @returns what is there now
 * @throws ChangedMeanwhile
 */
export async function takeStep(
  root: HostFolder,
  step: ApplyStep,
  content: Content | undefined,
  except?: string,
): Promise<HostState> {
  const outcome = await atHostPath<HostState | undefined>(
    root,
    step.path,
    async (holder, name) => {
      if (!holder) {
        return step.after.type === 'absent' && step.before.type === 'absent' ? step.after : undefined;
      }
      await put(holder, name, step, content, except);
      return hostStateOf(holder, name);
    },
    undefined,
  );
  if (!outcome) {
    throw new ChangedMeanwhile('a folder on the way to it is gone, or is a link now');
  }
  return outcome;
}

async function put(
  holder: HostFolder,
  name: string,
  { before, after, temporary }: ApplyStep,
  content: Content | undefined,
  except: string | undefined,
): Promise<void> {
  const assertUnchanged = async () => {
    if (!sameHostState(await hostStateOf(holder, name), before)) {
      throw new ChangedMeanwhile('it changed on this computer meanwhile');
    }
  };
  if (after.type === 'absent') {
    await assertUnchanged();
    // A folder only if nothing is in it.
    await (before.type === 'directory' ? holder.removeEmpty(name) : holder.remove(name));
    return;
  }
  if (before.type === 'absent' && (await collidingName(holder, name, except)) !== undefined) {
    throw new ChangedMeanwhile('a file here has nearly the same name: case or Unicode is all that differs');
  }
  try {
    if (after.type === 'directory') {
      await assertUnchanged();
      await holder.makeFolder(name, after.mode & 0o777);
      return;
    }
    if (after.type === 'symlink' && before.type === 'absent') {
      await assertUnchanged();
      // Under its own name at once: link(2), which gives a file a new name, follows a link on macOS.
      await holder.makeLink(name, after.target);
      return;
    }
  } catch (error) {
    throw appeared(error);
  }
  // Left by an apply that was killed right here.
  await holder.remove(temporary);
  try {
    if (after.type === 'symlink') {
      await holder.makeLink(temporary, after.target);
    } else if (content) {
      await writeNew(holder, temporary, content);
    }
    await assertUnchanged();
    if (before.type === 'absent') {
      await holder.moveNew(temporary, name);
    } else {
      await holder.replace(temporary, name);
    }
  } catch (error) {
    await holder.remove(temporary);
    throw appeared(error);
  }
}

function appeared(error: unknown): unknown {
  return codeOf(error) === 'EEXIST' ? new ChangedMeanwhile('it appeared on this computer meanwhile') : error;
}

async function writeNew(holder: HostFolder, name: string, { bytes, mode }: Content): Promise<void> {
  const file = await holder.makeFile(name, mode & 0o777);
  try {
    await file.writeFile(bytes);
    // Not as the umask would have it: what is there afterwards is known before.
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Takes one step back, if what is there is what the step made. `bytes` gives what was replaced.
 * @returns false if it is something else by now, which stays
 */
export async function takeBack(
  root: HostFolder,
  step: ApplyStep,
  bytes: () => Promise<Buffer>,
): Promise<boolean> {
  await dropTemporary(root, step);
  const now = await hostStateAt(root, step.path);
  if (sameHostState(now, step.before)) {
    return true;
  }
  if (!sameHostState(now, step.after)) {
    return false;
  }
  const back: ApplyStep = { ...step, before: now, after: step.before };
  const content = step.before.type === 'file' ? { bytes: await bytes(), mode: step.before.mode } : undefined;
  try {
    await takeStep(root, back, content);
  } catch (error) {
    if (error instanceof ChangedMeanwhile || codeOf(error) === 'ENOTEMPTY') {
      return false;
    }
    throw error;
  }
  return true;
}

async function dropTemporary(root: HostFolder, { path, temporary }: ApplyStep): Promise<void> {
  if (temporary === '') {
    return;
  }
  await atHostPath<void>(
    root,
    path,
    async (holder) => {
      await holder?.remove(temporary);
    },
    undefined,
  );
}
