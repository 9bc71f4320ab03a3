import { parseExcludes } from '../../guest/exclude';
import type { Guest } from '../../guest/guest';
import type { SentEntry } from '../../guest/sentEntry';
import { listGuestTree } from '../../guest/tree/listGuestTree';
import type { WaitOptions } from '../../machine/hypervisor';
import { baselineOf, writeBaseline } from './baseline';
import { GuestIndex } from './guestIndex';
import { plainNames } from './plainNames';

/**
 * Keeps what was copied (`paths.baseline`), and what the guest's files looked like right after it (`paths.guestIndex`): from
 * then on only changes are read. Call before anything of the user's runs in the guest.
 */
export async function keepCopy(
  guest: Guest,
  copy: {
    paths: { baseline: string; guestIndex: string };
    workspaceFolder: string;
    exclude: readonly string[];
    sent: readonly SentEntry[];
  },
  options: WaitOptions,
): Promise<void> {
  const { paths, sent, exclude } = copy;
  await writeBaseline(paths.baseline, baselineOf(sent, 'copy'));
  const tree = await listGuestTree(guest, copy.workspaceFolder, {
    ...options,
    excludes: parseExcludes(exclude),
    leaveOut: plainNames(exclude),
  });
  const index = GuestIndex.empty();
  for (const { path, size, sha256 } of sent) {
    const entry = tree.entries.get(path);
    if (sha256 !== undefined && entry?.type === 'file' && entry.size === size) {
      index.set(path, entry, sha256);
    }
  }
  await index.write(paths.guestIndex);
}
