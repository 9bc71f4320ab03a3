import type { HostFolder } from '../../guest/copy/hostFolder';
import { BARE_PARTS, type BarePart, barePart, isBareRepository } from '../../guest/copy/hostName';
import { atHostPath } from '../host/hostPath';

/**
 * Folders that are repositories without being called `.git`. What this computer has and what the guest has count together: a
 * HEAD that is here already and the guest's `config` beside it are one repository once the `config` is brought back.
 */
export class BareRepositories {
  private readonly parts = new Map<string, Set<BarePart>>();
  private readonly known = new Map<string, Promise<boolean>>();

  constructor(
    private readonly root: HostFolder,
    guestPaths: Iterable<string>,
  ) {
    for (const path of guestPaths) {
      const end = path.lastIndexOf('/');
      const part = barePart(path.slice(end + 1));
      if (part) {
        const folder = end < 0 ? '' : path.slice(0, end);
        this.parts.set(folder, (this.parts.get(folder) ?? new Set()).add(part));
      }
    }
  }

  /** Whether the path lies in one, at whatever depth; the workspace itself can be one. */
  async holds(path: string): Promise<boolean> {
    for (let end = path.lastIndexOf('/'); ; end = path.lastIndexOf('/', end - 1)) {
      if (await this.isRepository(end < 0 ? '' : path.slice(0, end))) {
        return true;
      }
      if (end < 0) {
        return false;
      }
    }
  }

  private isRepository(folder: string): Promise<boolean> {
    const known = this.known.get(folder) ?? this.look(folder);
    this.known.set(folder, known);
    return known;
  }

  private async look(folder: string): Promise<boolean> {
    const parts = new Set(this.parts.get(folder));
    for (const part of BARE_PARTS) {
      if (!parts.has(part) && (await this.isHere(folder === '' ? part : `${folder}/${part}`))) {
        parts.add(part);
      }
    }
    return isBareRepository(parts);
  }

  private isHere(path: string): Promise<boolean> {
    return atHostPath(
      this.root,
      path,
      async (holder, name) => holder !== undefined && (await holder.statOf(name)) !== undefined,
      false,
    );
  }
}
