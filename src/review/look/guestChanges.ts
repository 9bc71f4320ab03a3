import type { Guest } from '../../guest/guest';
import { hashGuestFiles } from '../../guest/hashGuestFiles';
import type { GuestEntry, GuestTree } from '../../guest/tree/listGuestTree';
import { readGuestFiles } from '../../guest/tree/readGuestFiles';
import type { WaitOptions } from '../../machine/hypervisor';
import type { Baseline, BaselineEntry } from './baseline';
import { type ContentStore, sha256Of } from './contentStore';
import { gitPart, repositoryOf } from './gitParts';
import { type GuestIndex, statOf } from './guestIndex';
import { bundleInstalled, type InstalledBundle, installedLast } from './installedBundles';
import { ABSENT, type GuestState, isExecutable } from './lookedAt';

/** One file of a review, bytes. Larger ones are copied with `bulkhead cp`. */
export const FILE_MAX = 64 * 1024 * 1024;
/** What is brought to this computer while looking; what is above it when it is shown or applied. Files and bytes. */
const READ_FILES = 4_000;
const READ_BYTES = 128 * 1024 * 1024;
/** Above either, files that may be unchanged are hashed in the guest first. Files and bytes. */
const UNSURE_FILES = 200;
const UNSURE_BYTES = 4 * 1024 * 1024;

export interface GuestChange {
  path: string;
  guest: GuestState;
  base?: BaselineEntry;
}

export interface GuestChanges {
  changes: GuestChange[];
  /** Folders whose changes are not listed one by one. */
  bundles: InstalledBundle[];
  truncated: boolean;
  /** Files whose content was read, here or in the guest. */
  hashedFiles: number;
}

interface Candidate extends GuestChange {
  entry: GuestEntry;
}

/** What differs in the guest from the baseline. Reads only what the index does not know. */
export async function guestChanges(
  guest: Guest,
  folder: string,
  tree: GuestTree,
  known: { baseline: Baseline; index: GuestIndex; store: ContentStore },
  options: WaitOptions & { limit: number },
): Promise<GuestChanges> {
  const { baseline, index, store } = known;
  const changes: GuestChange[] = [];
  const files: Candidate[] = [];
  const nonEmpty = parentsOf(tree.entries.keys());
  for (const [path, entry] of tree.entries) {
    const base = baseline.entries.get(path);
    if (!isReviewed(path, entry, baseline)) {
      continue;
    }
    const { type, mode, size, target } = entry;
    const guestState: GuestState = { type, mode, size, ...(target !== undefined && { target }) };
    const change = { path, guest: guestState, ...(base && { base }) };
    if (type === 'file') {
      guestState.stat = statOf(entry);
      files.push({ ...change, entry });
    } else if (type === 'directory') {
      if (base?.type !== 'directory' && (!nonEmpty.has(path) || gitPart(path) !== 'none')) {
        changes.push(change);
      }
    } else if (base?.type !== type || base.target !== target) {
      changes.push(change);
    }
  }
  changes.push(...deletedOnes(tree, baseline));
  const work = new FileLook(guest, folder, index, store, options);
  const listed = bundleInstalled(changes, files, baseline, (file) => work.mayDiffer(file));
  const changedFiles = await work.run(listed.files);
  const byPath = (a: GuestChange, b: GuestChange) => (a.path < b.path ? -1 : 1);
  const all = installedLast([...listed.changes, ...changedFiles].sort(byPath));
  return {
    changes: all.slice(0, options.limit).sort(byPath),
    bundles: listed.bundles,
    truncated: all.length > options.limit,
    hashedFiles: work.hashed,
  };
}

class FileLook {
  hashed = 0;

  constructor(
    private readonly guest: Guest,
    private readonly folder: string,
    private readonly index: GuestIndex,
    private readonly store: ContentStore,
    private readonly options: WaitOptions & { limit: number },
  ) {}

  /** False only if the index knows its content, and that is the copy's. */
  mayDiffer(file: Candidate): boolean {
    const sha256 = this.index.sha256(file.path, file.entry);
    return sha256 === undefined || differs({ ...file, guest: { ...file.guest, sha256 } });
  }

  async run(files: Candidate[]): Promise<Candidate[]> {
    const changed: Candidate[] = [];
    let toRead: Candidate[] = [];
    const unsure: Candidate[] = [];
    for (const file of files) {
      const sha256 = this.index.sha256(file.path, file.entry);
      if (sha256 !== undefined) {
        file.guest.sha256 = sha256;
        if (differs(file)) {
          changed.push(file);
          if (file.guest.size <= FILE_MAX && !isBase(file, sha256) && !(await this.store.has(sha256))) {
            toRead.push(file);
          }
        }
      } else if (file.base?.type === 'file' && file.base.size === file.entry.size) {
        unsure.push(file);
      } else {
        changed.push(file);
        toRead.push(file);
      }
    }
    const bytes = unsure.reduce((sum, { entry }) => sum + entry.size, 0);
    if (unsure.length > UNSURE_FILES || bytes > UNSURE_BYTES) {
      await this.hashThere(unsure);
      const differing = unsure.filter(differs);
      changed.push(...differing);
      toRead.push(...differing.filter((file) => !isBase(file, file.guest.sha256)));
    } else {
      toRead.push(...unsure);
    }
    toRead = await this.readHere(installedLast(toRead));
    // Too many or too large to bring over now: the guest's word binds it to what it has.
    await this.hashThere(toRead.filter(({ guest }) => guest.sha256 === undefined));
    changed.push(...unsure.filter((file) => !changed.includes(file) && differs(file)));
    return changed.filter((file) => file.guest.type !== 'absent');
  }

  /** Resolves with what was left. */
  private async readHere(files: Candidate[]): Promise<Candidate[]> {
    const now: Candidate[] = [];
    const left: Candidate[] = [];
    let bytes = 0;
    for (const file of files) {
      bytes += file.entry.size;
      const fits = now.length < Math.min(READ_FILES, this.options.limit) && bytes <= READ_BYTES;
      (fits && file.entry.size <= FILE_MAX ? now : left).push(file);
    }
    const byPath = new Map(now.map((file) => [file.path, file]));
    await readGuestFiles(
      this.guest,
      this.folder,
      now.map(({ path }) => path),
      { ...this.options, maxBytes: FILE_MAX },
      async (path, content) => {
        const file = byPath.get(path);
        if (!file) {
          return;
        }
        this.hashed++;
        if (!content) {
          // Gone, or something else by now: the next look tells.
          file.guest = ABSENT;
          return;
        }
        const sha256 = sha256Of(content);
        file.guest.sha256 = sha256;
        file.guest.size = content.length;
        this.index.set(path, file.entry, sha256);
        if (!isBase(file, sha256)) {
          await this.store.put(content);
        }
      },
    );
    return left;
  }

  private async hashThere(files: Candidate[]): Promise<void> {
    const byPath = new Map(files.map((file) => [file.path, file]));
    const paths = files.filter(({ entry }) => entry.size <= FILE_MAX).map(({ path }) => path);
    for await (const { hashes } of hashGuestFiles(this.guest, this.folder, paths, {
      ...this.options,
      user: 'root',
    })) {
      for (const [path, sha256] of hashes) {
        const file = byPath.get(path);
        if (file) {
          this.hashed++;
          file.guest.sha256 = sha256;
          this.index.set(path, file.entry, sha256);
        }
      }
    }
  }
}

function isBase({ base }: GuestChange, sha256: string | undefined): boolean {
  return base?.sha256 !== undefined && base.sha256 === sha256;
}

function differs({ guest, base }: GuestChange): boolean {
  if (guest.type === 'absent') {
    return false;
  }
  return (
    base?.type !== 'file' ||
    guest.sha256 !== (base.settled ?? base.sha256) ||
    isExecutable(guest.mode) !== isExecutable(base.mode)
  );
}

function isReviewed(path: string, entry: GuestEntry, baseline: Baseline): boolean {
  const part = gitPart(path);
  if (part === 'ignored') {
    return false;
  }
  if (part === 'repository') {
    // The folder of a repository that was copied; a `.git` that is a file or a link, or a new repository, is a change.
    return entry.type !== 'directory' || baseline.entries.get(path)?.type !== 'directory';
  }
  const repository = part === 'dangerous' ? repositoryOf(path) : undefined;
  // What is in a new repository goes with it.
  return repository === undefined || (baseline.entries.has(repository) && entry.type !== 'directory');
}

/** Files and links that are gone, and folders that were empty before. */
function* deletedOnes(tree: GuestTree, baseline: Baseline): Generator<GuestChange> {
  const hadSomething = parentsOf(baseline.entries.keys());
  const unknown = (path: string) =>
    tree.unreadable.some((folder) => folder === '' || path.startsWith(`${folder}/`));
  for (const [path, base] of baseline.entries) {
    const part = gitPart(path);
    if (tree.entries.has(path) || part === 'ignored' || part === 'repository' || unknown(path)) {
      continue;
    }
    if (base.type !== 'directory' || (!hadSomething.has(path) && part === 'none')) {
      yield { path, guest: ABSENT, base };
    }
  }
}

function parentsOf(paths: Iterable<string>): Set<string> {
  const parents = new Set<string>();
  for (const path of paths) {
    const end = path.lastIndexOf('/');
    if (end > 0) {
      parents.add(path.slice(0, end));
    }
  }
  return parents;
}
