import type { Dirent } from 'node:fs';
import { throwIfAborted } from '../../core/deadline';
import { throwIfCancelled } from '../../core/errors';
import type { HostFolder } from '../../guest/copy/hostFolder';
import { isInstalled } from '../dangers/installed';
import { gitLeads } from './gitLeads';
import { type Lead, leadsOf } from './lead';

export interface HostLeads {
  leads: Lead[];
  /** There is more in the folder than was looked at. */
  isPartial: boolean;
}

/** Entries that are looked at for links, depth, and repositories whose settings are read. */
const ENTRIES_MAX = 200_000;
const DEPTH_MAX = 50;
const REPOSITORIES_MAX = 50;

/**
 * The links of this computer's folder and what git's settings here name, by their text and by where they really end. Only what
 * the host has counts; nothing of it is opened but git's settings, as text, and nothing is run.
 */
export async function hostLeads(root: HostFolder, signal: AbortSignal | undefined): Promise<HostLeads> {
  const walk = new LinkWalk(root, signal);
  await walk.folder(root, '');
  for (const workTree of walk.repositories.slice(0, REPOSITORIES_MAX)) {
    throwIfAborted(signal);
    walk.leads.push(...(await gitLeads(root.path, workTree)));
  }
  return {
    leads: walk.leads,
    isPartial: walk.isPartial || walk.repositories.length > REPOSITORIES_MAX,
  };
}

class LinkWalk {
  readonly leads: Lead[] = [];
  /** Folders with a `.git`. */
  readonly repositories: string[] = [''];
  isPartial = false;
  private seen = 0;

  constructor(
    private readonly root: HostFolder,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async folder(holder: HostFolder, path: string): Promise<void> {
    throwIfAborted(this.signal);
    const entries = await holder.entries();
    for (const entry of entries) {
      if (++this.seen > ENTRIES_MAX) {
        this.isPartial = true;
        return;
      }
      await this.entry(holder, path, entry);
    }
  }

  private async entry(holder: HostFolder, folder: string, entry: Dirent): Promise<void> {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    try {
      if (entry.name === '.git') {
        this.repositories.push(...(folder === '' ? [] : [folder]));
      } else if (entry.isSymbolicLink()) {
        this.leads.push(...(await leadsOf(this.root.path, path, await holder.readLink(entry.name))));
      } else if (entry.isDirectory() && !isInstalled(path)) {
        await this.below(holder, path, entry.name);
      }
    } catch (error) {
      // Gone since it was listed, or not ours to read: then no program of ours reads it either.
      throwIfCancelled(error);
    }
  }

  private async below(holder: HostFolder, path: string, name: string): Promise<void> {
    if (path.split('/').length > DEPTH_MAX) {
      this.isPartial = true;
      return;
    }
    const child = await holder.child(name);
    try {
      await this.folder(child, path);
    } finally {
      await child.close();
    }
  }
}
