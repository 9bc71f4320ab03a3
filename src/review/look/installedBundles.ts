import { installedFolders } from '../dangers/installed';
import type { ReviewChange } from '../reviewService';
import type { Baseline } from './baseline';
import type { GuestChange } from './guestChanges';
import { ABSENT, type LookedAt } from './lookedAt';

/** Changes in one folder of installed dependencies that are listed one by one. */
const LISTED_MAX = 200;

/** A folder of installed dependencies in which more changed than anyone would look at. */
export interface InstalledBundle {
  /** The folder. */
  path: string;
  kind: 'added' | 'modified' | 'deleted';
  files: number;
  /** Of what is in the guest. */
  bytes: number;
}

/**
 * Takes `node_modules` and its like out of a look when more than 200 files of one changed: nobody ticks thousands, nothing ticks
 * them at once, and an installation on this computer makes them anew. They are neither read nor hashed.
 * @param mayDiffer whether a file has changed, as far as that is known without reading it
 */
export function bundleInstalled<T extends GuestChange>(
  changes: readonly GuestChange[],
  files: readonly T[],
  baseline: Baseline,
  mayDiffer: (file: T) => boolean,
): { bundles: InstalledBundle[]; changes: GuestChange[]; files: T[] } {
  const folderOf = installedFolders();
  const found = new Map<string, InstalledBundle & { there: boolean }>();
  const count = ({ path, guest }: GuestChange) => {
    const folder = folderOf(path);
    if (folder === undefined) {
      return;
    }
    const known = found.get(folder) ?? { path: folder, kind: 'modified', files: 0, bytes: 0, there: false };
    known.files++;
    known.bytes += guest.type === 'file' ? guest.size : 0;
    known.there ||= guest.type !== 'absent';
    found.set(folder, known);
  };
  changes.forEach(count);
  files.filter(mayDiffer).forEach(count);
  const bundles = new Map<string, InstalledBundle>();
  for (const { there, ...bundle } of found.values()) {
    if (bundle.files > LISTED_MAX) {
      const isNew = !baseline.entries.has(bundle.path);
      bundles.set(bundle.path, { ...bundle, kind: isNew ? 'added' : there ? 'modified' : 'deleted' });
    }
  }
  const isListed = ({ path }: GuestChange) => !bundles.has(folderOf(path) ?? '');
  return {
    bundles: [...bundles.values()],
    changes: bundles.size === 0 ? [...changes] : changes.filter(isListed),
    files: bundles.size === 0 ? [...files] : files.filter(isListed),
  };
}

/** What must not be pushed out of a list or a budget by thousands of installed files comes before them. */
export function installedLast<T extends { path: string }>(all: readonly T[]): T[] {
  const folderOf = installedFolders();
  return [
    ...all.filter(({ path }) => folderOf(path) === undefined),
    ...all.filter(({ path }) => folderOf(path) !== undefined),
  ];
}

export function describeBundle({ path, kind, files, bytes }: InstalledBundle): LookedAt {
  const change: ReviewChange = {
    path,
    kind,
    type: 'directory',
    binary: false,
    dangers: ['installed'],
    files,
    ...(kind !== 'deleted' && { guestBytes: bytes }),
    blocked: `Left out: ${files} files of installed dependencies, which tools that look at the folder load. Install them on this computer instead (\`workspace.exclude\` keeps them out of a VM, \`bulkhead cp\` copies them).`,
  };
  return { change, guest: ABSENT, host: { type: 'absent' } };
}
