import { parseExcludes } from '../../guest/exclude';
import type { Guest } from '../../guest/guest';
import { listGuestTree } from '../../guest/tree/listGuestTree';
import { readGuestFiles } from '../../guest/tree/readGuestFiles';
import type { WaitOptions } from '../../machine/hypervisor';
import { sha256Of } from '../look/contentStore';
import { FILE_MAX } from '../look/guestChanges';
import { statOf } from '../look/guestIndex';
import type { LookedAt } from '../look/lookedAt';
import type { ReviewedMachine } from '../reviewContext';

const WHY = 'it changed in the VM since this look at the changes: look again';

/** Which of these changes the guest does not have any more as they were looked at. */
export async function changedInGuest(
  guest: Guest,
  machine: ReviewedMachine,
  looked: readonly LookedAt[],
  options: WaitOptions,
): Promise<Map<string, string>> {
  const folder = machine.workspaceFolder;
  const tree = await listGuestTree(guest, folder, { ...options, excludes: parseExcludes([]) });
  const changed = new Map<string, string>();
  const touched = new Map<string, string | undefined>();
  for (const { change, guest: seen } of looked) {
    const now = tree.entries.get(change.path);
    const from = change.from === undefined ? undefined : tree.entries.get(change.from);
    if ((now?.type ?? 'absent') !== seen.type || now?.target !== seen.target || from) {
      changed.set(change.path, WHY);
    } else if (now?.type === 'file' && (now.mode !== seen.mode || now.size !== seen.size)) {
      changed.set(change.path, WHY);
    } else if (now?.type === 'file' && statOf(now) !== seen.stat) {
      touched.set(change.path, seen.sha256);
    }
  }
  const wanted = { ...options, maxBytes: FILE_MAX };
  await readGuestFiles(guest, folder, [...touched.keys()], wanted, async (path, bytes) => {
    if (!bytes || sha256Of(bytes) !== touched.get(path)) {
      changed.set(path, WHY);
    }
  });
  return changed;
}
