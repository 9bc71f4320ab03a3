import { createHash } from 'node:crypto';
import { readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfAborted } from '../../core/deadline';
import { throwIfCancelled } from '../../core/errors';
import { openRegularFile } from '../../core/regularFile';
import { HostFolder } from '../../guest/copy/hostFolder';
import { type Excludes, parseExcludes } from '../../guest/exclude';
import { listHostTree } from '../../guest/hostTree';
import type { SentEntry } from '../../guest/sentEntry';
import { listGuestTree } from '../../guest/tree/listGuestTree';
import type { WaitOptions } from '../../machine/hypervisor';
import { hostLeads } from '../host/hostLeads';
import type { ReviewContext, ReviewedMachine } from '../reviewContext';
import type { ShownIn } from '../reviewService';
import { type Baseline, baselineOf, readBaseline, writeBaseline } from './baseline';
import { describeChanges } from './describeChanges';
import { guestChanges } from './guestChanges';
import { GuestIndex } from './guestIndex';
import { describeBundle } from './installedBundles';
import type { StoredReview } from './lookedAt';
import { plainNames } from './plainNames';
import { StoredReviews } from './storedReviews';

export interface Look {
  review: StoredReview;
  truncated: boolean;
  hashedFiles: number;
  notes: string[];
}

const FIRST_LOOK =
  'What was copied into this machine is not known (an older version of Bulkhead made it), so it is compared with the folder as it was at the first look: changes made here before that can’t be told from the machine’s.';

const LINKS_UNKNOWN =
  'The folder has too many files to look at each link in it: a change behind one of them may be called harmless though the link’s name is not.';

/** Compares the guest's workspace with what was copied, then with what this computer has now, and keeps the result. */
export async function lookAtMachine(
  context: ReviewContext,
  machine: ReviewedMachine,
  options: WaitOptions & { limit: number; shownIn: ShownIn },
): Promise<Look> {
  const { id, folder, workspaceFolder } = machine;
  const { paths, log } = context;
  const excludes = parseExcludes(machine.exclude);
  const guest = await context.guest(id, options);
  const [known, index, tree] = await Promise.all([
    readBaseline(paths.baseline(id), log),
    GuestIndex.read(paths.guestIndex(id)),
    listGuestTree(guest, workspaceFolder, { ...options, excludes, leaveOut: plainNames(machine.exclude) }),
  ]);
  const baseline = known ?? (await baselineOfHost(context, machine, excludes, options));
  const reviews = new StoredReviews(paths.reviews(id));
  const found = await guestChanges(
    guest,
    workspaceFolder,
    tree,
    { baseline, index, store: reviews.store },
    options,
  );
  index.keepOnly(tree.entries);
  if (found.hashedFiles > 0) {
    await index.write(paths.guestIndex(id));
  }
  throwIfAborted(options.signal);
  const root = await HostFolder.open(folder);
  try {
    const { leads, isPartial } = await hostLeads(root, options.signal);
    const single = await describeChanges(root, found.changes, tree.entries.keys(), reviews.store, leads);
    const looked = [...single, ...found.bundles.map(describeBundle)];
    const { dev, ino } = await stat(root.path);
    const review = await reviews.save({
      machineId: id,
      folder,
      root: { path: root.path, dev, ino },
      guestFolder: workspaceFolder,
      at: Date.now(),
      shownIn: options.shownIn,
      truncated: found.truncated,
      looked,
    });
    const unreadable = tree.unreadable.length;
    return {
      review,
      truncated: found.truncated,
      hashedFiles: found.hashedFiles,
      notes: [
        ...(baseline.origin === 'firstLook' ? [FIRST_LOOK] : []),
        ...(isPartial ? [LINKS_UNKNOWN] : []),
        ...(unreadable > 0
          ? [`${unreadable} folders of the VM could not be read: what is in them is not shown.`]
          : []),
      ],
    };
  } finally {
    await root.close();
  }
}

async function baselineOfHost(
  context: ReviewContext,
  { id, folder }: ReviewedMachine,
  excludes: Excludes,
  options: WaitOptions,
): Promise<Baseline> {
  const { root, entries } = await listHostTree(folder, excludes, options.signal);
  const sent: SentEntry[] = [];
  for (const { path, type, stat: found } of entries) {
    throwIfAborted(options.signal);
    const entry: SentEntry = {
      path,
      type,
      mode: found.mode & 0o7777,
      size: type === 'file' ? found.size : 0,
    };
    try {
      if (type === 'file') {
        entry.sha256 = await hashOf(join(root, path), root);
      } else if (type === 'symlink') {
        entry.target = await readlink(join(root, path));
      }
    } catch (error) {
      // Gone since it was listed, something else by now, or not ours to read: it is as if it were not there.
      throwIfCancelled(error);
      continue;
    }
    sent.push(entry);
  }
  const baseline = baselineOf(sent, 'firstLook');
  await writeBaseline(context.paths.baseline(id), baseline);
  return baseline;
}

async function hashOf(path: string, within: string): Promise<string> {
  const { file } = await openRegularFile(path, within);
  const hash = createHash('sha256');
  for await (const chunk of file.createReadStream({ highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
