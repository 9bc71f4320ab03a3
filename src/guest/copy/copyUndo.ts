import type { Stats } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { HostFolder } from './hostFolder';
import { isSafeHostName } from './hostName';

interface Placed {
  /** Folder it went into, relative to the target; empty for the target itself. */
  folder: string;
  name: string;
  /** What was there before, in the staging folder under this name. */
  backup?: string;
}

/**
 * Where things are put before they are where they belong, and the way back. What a copy replaced is kept here until the
 * copy is settled.
 */
export class CopyUndo {
  private opened: { name: string; folder: HostFolder } | undefined;
  private readonly placed: Placed[] = [];
  /** Files as they were right after they were placed, by path relative to the target. */
  private readonly before = new Map<string, Stats>();
  private backups = 0;

  constructor(private readonly target: HostFolder) {}

  get staging(): HostFolder {
    if (!this.opened) {
      throw new Error('not begun, or settled');
    }
    return this.opened.folder;
  }

  async begin(): Promise<void> {
    this.opened = await this.target.makeStaging();
  }

  /** Moves an entry of the staging folder (or of one in it) to where it belongs. */
  async place(from: HostFolder, name: string, to: HostFolder, replaces: boolean): Promise<void> {
    const folder = relative(this.target.path, to.path);
    const placed: Placed = { folder, name };
    if (replaces && (await to.statOf(name))) {
      placed.backup = backupName(++this.backups, name);
      // A second name first: whatever ends this process, the file's own name is never without a file.
      const linked = await to.linkTo(name, this.staging, placed.backup).then(
        () => true,
        () => false,
      );
      if (linked) {
        this.placed.push(placed);
        await from.moveOver(name, to, name);
        return;
      }
      // A folder, or a file system without hard links.
      await to.moveTo(name, this.staging, placed.backup);
    }
    this.placed.push(placed);
    await from.moveTo(name, to, name);
  }

  /**
   * Notes what every placed file is like, so that an undo spares what has been changed since. If nothing was replaced, there
   * is nothing to keep for it either.
   */
  async remember(): Promise<void> {
    if (this.backups === 0) {
      await this.dropStaging();
    }
    for (const { folder, name } of this.placed) {
      const path = folder === '' ? name : join(folder, name);
      await this.walk(path, false, async (file, holder, base) => {
        const stat = await holder.statOf(base);
        if (stat) {
          this.before.set(file, stat);
        }
      });
    }
  }

  /** Takes everything back, whether or not it was changed: for a copy that failed half-way. */
  async revert(): Promise<void> {
    for (const { folder, name, backup } of this.placed.splice(0).reverse()) {
      await this.inFolder(folder, async (holder) => {
        await holder.remove(name);
        if (backup !== undefined) {
          await this.staging.moveTo(backup, holder, name);
        }
      });
    }
  }

  /**
   * Removes what the copy made and puts back what it replaced; files that were changed since stay. Resolves with those, as
   * absolute paths.
   */
  async undo(): Promise<string[]> {
    const kept: string[] = [];
    for (const { folder, name, backup } of this.placed.splice(0).reverse()) {
      const path = folder === '' ? name : join(folder, name);
      await this.walk(path, true, async (file, holder, base) => {
        const [then, now] = [this.before.get(file), await holder.statOf(base)];
        if (now && then && now.ino === then.ino && now.size === then.size && now.mtimeMs === then.mtimeMs) {
          await holder.remove(base);
        } else if (now) {
          kept.push(join(this.target.path, file));
        }
      });
      await this.inFolder(folder, async (holder) => {
        if (backup !== undefined && !(await holder.statOf(name))) {
          await this.staging.moveTo(backup, holder, name);
        }
      });
    }
    await this.settle();
    return kept;
  }

  /** Drops what was replaced. There is no undo after this. */
  async settle(): Promise<void> {
    this.placed.length = 0;
    try {
      await this.dropStaging();
    } finally {
      await this.target.close();
    }
  }

  private async dropStaging(): Promise<void> {
    const opened = this.opened;
    this.opened = undefined;
    await opened?.folder.close();
    if (opened) {
      await this.target.remove(opened.name);
    }
  }

  /** Calls `onFile` for a file, or for each in a folder; with `prune`, folders that are empty then go. */
  private async walk(
    path: string,
    prune: boolean,
    onFile: (file: string, holder: HostFolder, name: string) => Promise<void>,
  ): Promise<void> {
    const name = path.split(sep).at(-1) ?? '';
    const folder = dirname(path) === '.' ? '' : dirname(path);
    await this.inFolder(folder, async (holder) => {
      if ((await holder.look(name)) !== 'directory') {
        await onFile(path, holder, name);
        return;
      }
      for (const each of await namesOf(holder, name)) {
        // A name that no copy gives is not the copy's: it stays.
        if (isSafeHostName(each)) {
          await this.walk(join(path, each), prune, onFile);
        }
      }
      if (prune && (await namesOf(holder, name)).length === 0) {
        await holder.removeEmpty(name);
      }
    });
  }

  private async inFolder(folder: string, work: (holder: HostFolder) => Promise<void>): Promise<void> {
    const opened: HostFolder[] = [];
    try {
      let holder = this.target;
      for (const name of folder === '' ? [] : folder.split(sep)) {
        holder = await holder.child(name);
        opened.push(holder);
      }
      await work(holder);
    } finally {
      await Promise.all(opened.map((each) => each.close()));
    }
  }
}

/** Names in a folder that is opened as one, not looked for by its path. */
async function namesOf(holder: HostFolder, name: string): Promise<string[]> {
  const folder = await holder.child(name);
  try {
    return await folder.names();
  } finally {
    await folder.close();
  }
}

/** Says what it was to somebody who finds it: a copy that is killed leaves it behind. A name is at most 255 bytes. */
function backupName(number: number, name: string): string {
  const short = Buffer.byteLength(name) <= 200 ? `-${name}` : '';
  return `.replaced-${number}${short}`;
}
