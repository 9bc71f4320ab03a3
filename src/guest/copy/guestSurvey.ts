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
import { isRepositoryName, isSafeHostName } from './hostName';

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
  }
}

/** Leaves out every repository's own folder. */
export function withoutRepositories(plan: CopyPlan): void {
  const stack = [...plan.roots];
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (isRepositoryName(node.name)) {
      node.placing = { kind: 'skip' };
      plan.skipped.add(node.source, 'repository');
    } else {
      stack.push(...node.children);
    }
  }
}
