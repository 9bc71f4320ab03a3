import { posix } from 'node:path';
import { throwIfAborted } from '../../core/deadline';
import type { WaitOptions } from '../../machine/hypervisor';
import { isFileError } from '../fileError';
import type { DirectoryEntry, FileStat, GuestFiles } from '../guestFiles';
import { checkGuestPath, joinGuest } from '../guestPath';
import {
  type CopyNode,
  type CopyPlan,
  copyNode,
  DEPTH_MAX,
  ENTRIES_MAX,
  SkippedList,
  tooMany,
} from './copyTree';
import {
  BARE_PARTS,
  type BarePart,
  barePart,
  isBareRepository,
  isRepositoryName,
  isSafeHostName,
} from './hostName';
import type { Destination } from './resolveConflicts';

/** Folders listed at a time: hides the round trip to an emulated guest. */
const LISTINGS = 8;

interface Folder {
  node: CopyNode;
  depth: number;
}

/**
 * What is to be copied to this computer. All of it is the guest's word: names that can't be files here, links, devices and
 * repositories' own folders are left out, and the list is bounded.
 */
export async function surveyGuest(
  files: GuestFiles,
  sources: readonly string[],
  options: WaitOptions & { platform?: NodeJS.Platform } = {},
): Promise<CopyPlan> {
  const survey = new Survey(files, options);
  const roots: CopyNode[] = [];
  for (const source of sources) {
    const path = checkGuestPath(source);
    const stat = await files.stat(path, { ...options, followSymlinks: false });
    const node = survey.take({ ...stat, name: posix.basename(path) || 'root' }, path);
    if (node) {
      roots.push(node);
    }
  }
  await survey.descend();
  survey.hasRepository ||= isBare(roots);
  const { total, skipped, hasExecutables, hasRepository } = survey;
  return { roots, total, skipped, hasExecutables, hasRepository };
}

class Survey {
  readonly total = { files: 0, folders: 0, bytes: 0 };
  readonly skipped = new SkippedList();
  hasExecutables = false;
  hasRepository = false;
  private entries = 0;
  private folders: Folder[] = [];

  constructor(
    private readonly files: GuestFiles,
    private readonly options: WaitOptions & { platform?: NodeJS.Platform },
  ) {}

  take(entry: FileStat & Pick<DirectoryEntry, 'name'>, source: string, depth = 0): CopyNode | undefined {
    if (++this.entries > ENTRIES_MAX) {
      throw tooMany(source);
    }
    if (!isSafeHostName(entry.name, this.options.platform)) {
      this.skipped.add(source, 'name');
      return undefined;
    }
    if (entry.type === 'symlink') {
      this.skipped.add(source, 'link');
      return undefined;
    }
    if (entry.type === 'other') {
      this.skipped.add(source, 'notAFile');
      return undefined;
    }
    if (depth > DEPTH_MAX) {
      this.skipped.add(source, 'tooDeep');
      return undefined;
    }
    this.hasRepository ||= isRepositoryName(entry.name);
    const { name, type, size, mode } = entry;
    const node = copyNode({ name, source, type, size: type === 'file' ? size : 0, mode: mode & 0o777 });
    if (type === 'directory') {
      this.total.folders++;
      this.folders.push({ node, depth });
    } else {
      this.total.files++;
      this.total.bytes = Math.min(this.total.bytes + size, Number.MAX_SAFE_INTEGER);
      this.hasExecutables ||= (mode & 0o111) !== 0;
    }
    return node;
  }

  async descend(): Promise<void> {
    while (this.folders.length > 0) {
      throwIfAborted(this.options.signal);
      const batch = this.folders.splice(0, LISTINGS);
      await Promise.all(batch.map((folder) => this.list(folder)));
    }
  }

  private async list({ node, depth }: Folder): Promise<void> {
    let entries: DirectoryEntry[];
    try {
      const { signal } = this.options;
      entries = await this.files.readDirectory(node.source, {
        limit: ENTRIES_MAX,
        ...(signal && { signal }),
      });
    } catch (error) {
      // Not ours to read, or gone since it was listed.
      if (!isFileError(error, 'EACCES', 'ENOENT', 'ENOTDIR')) {
        throw error;
      }
      this.skipped.add(node.source, 'unreadable');
      return;
    }
    for (const entry of entries) {
      const child = this.take(entry, joinGuest(node.source, entry.name), depth + 1);
      if (child) {
        node.children.push(child);
      }
    }
    this.hasRepository ||= isBare(node.children);
  }
}

/** What of a repository's own folder git reads (gitrepository-layout(5)). */
const LAYOUT =
  /^(?:head|objects|refs|commondir|config|config\.worktree|gitdir|hooks|info|modules|worktrees|packed-refs)$/i;

/**
 * Leaves out every repository's own folder, whatever it is called. Where the copy goes to counts too (`destination`): a HEAD
 * that is there already and the VM's `config` beside it are a repository.
 */
export async function withoutRepositories(plan: CopyPlan, destination?: Destination): Promise<void> {
  const skip = (node: CopyNode) => {
    node.placing = { kind: 'skip' };
    plan.skipped.add(node.source, 'repository');
  };
  const visit = async (nodes: readonly CopyNode[], folder: string, isThere: boolean): Promise<void> => {
    const there = isThere ? await partsAt(folder, destination) : [];
    const isOne = isBareRepository(new Set([...partsOf(nodes), ...there]));
    for (const node of nodes.filter(({ placing }) => placing.kind !== 'skip')) {
      if (isRepositoryName(node.name) || isBare(node.children) || (isOne && LAYOUT.test(node.name))) {
        skip(node);
      } else if (node.type === 'directory') {
        const path = folder === '' ? node.name : `${folder}/${node.name}`;
        await visit(node.children, path, isThere && (await destination?.look(path)) === 'directory');
      }
    }
  };
  await visit(plan.roots, '', destination !== undefined);
}

function partsOf(nodes: readonly CopyNode[]): BarePart[] {
  return nodes.flatMap(({ name }) => barePart(name) ?? []);
}

function isBare(nodes: readonly CopyNode[]): boolean {
  return isBareRepository(new Set(partsOf(nodes)));
}

async function partsAt(folder: string, destination: Destination | undefined): Promise<BarePart[]> {
  const found: BarePart[] = [];
  for (const part of BARE_PARTS) {
    if (await destination?.look(folder === '' ? part : `${folder}/${part}`)) {
      found.push(part);
    }
  }
  return found;
}
