import { accountIds } from '../image/accountIds';
import type { BuiltImage } from '../image/builtImage';
import type { Hypervisor, Share, WaitOptions } from '../machine/hypervisor';
import type { ChosenWorkspace } from '../settings/workspaceSpec';
import type { Opening } from './opening';
import { wait } from './wait';

/** How the folder is to be mounted, or undefined if the machine gets a copy. */
export async function shareSpec(
  opening: Opening,
  image: BuiltImage,
  user: string,
): Promise<Share | undefined> {
  const { services, spec, options, warnings } = opening;
  if (spec.workspace.mode !== 'mount') {
    return undefined;
  }
  const { engine } = await services.connect(wait(options));
  const found = await accountIds(engine, image.id, user, wait(options));
  if (!found) {
    warnings.push(
      `The image does not tell the number of its account ${user}, so the mounted folder's files belong to root there.`,
    );
  }
  return { readOnly: spec.workspace.readOnly, guestOwner: found ?? { uid: 0, gid: 0 } };
}

/** Before anything is built or stopped. @throws BulkheadError if the folder is to be mounted and can't be */
export async function assertMountable(
  hypervisor: Hypervisor,
  folder: string,
  { mode, readOnly }: ChosenWorkspace,
  options: WaitOptions,
): Promise<void> {
  if (mode === 'mount') {
    await hypervisor.assertMountable(folder, readOnly, options);
  }
}

/** A workspace's mode in a word, for people and for telling two settings apart. */
export function workspaceText({ mode, readOnly }: ChosenWorkspace): string {
  return mode === 'mount' && readOnly ? 'mount, read-only' : mode;
}
