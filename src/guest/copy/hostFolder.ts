import { randomBytes } from 'node:crypto';
import { constants, type Dirent, existsSync, type Stats } from 'node:fs';
import {
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  symlink,
  unlink,
} from 'node:fs/promises';
import { join } from 'node:path';
import { BulkheadError, codeOf, messageOf } from '../../core/errors';
import { printable } from '../../core/log';
import { openRegularFile } from '../../core/regularFile';
import { isSafeHostName } from './hostName';
import { OPEN_FILES, removeTree } from './removeTree';
import type { ThereType } from './resolveConflicts';

/** Windows has neither flag. */
const NOFOLLOW = constants.O_NOFOLLOW ?? 0;
const DIRECTORY = constants.O_DIRECTORY ?? 0;
/** On Linux what is below an open folder stays in it, whatever happens to the path meanwhile. */
const anchored = process.platform === 'linux' && existsSync(OPEN_FILES);

/**
 * A folder of this computer that is held open while a guest's files go into it. Every step takes one name, checked, and
 * follows no link: not at the end of a path, and (on Linux, by way of the open folder) not in the middle of one either.
 */
export class HostFolder {
  private constructor(
    /** Absolute. For messages and results. */
    readonly path: string,
    private readonly handle: FileHandle | undefined,
  ) {}

  /** The folder that the user chose. Links on the way to it are the user's own. */
  static async open(path: string): Promise<HostFolder> {
    try {
      return await HostFolder.hold(await realpath(path), undefined);
    } catch (error) {
      throw new BulkheadError(`Cannot copy into ${printable(path, 300)}: ${messageOf(error)}`, {
        kind: 'usage',
        next: 'Choose a folder that is there and that you may write to.',
        cause: error,
      });
    }
  }

  private static async hold(path: string, through: string | undefined): Promise<HostFolder> {
    const actual = through ?? path;
    // On Linux, opening what is no folder, or a link, fails by itself (ENOTDIR).
    if ((!anchored || through === undefined) && !(await lstat(actual)).isDirectory()) {
      throw new Error('it is not a folder');
    }
    const handle = anchored ? await open(actual, constants.O_RDONLY | NOFOLLOW | DIRECTORY) : undefined;
    return new HostFolder(path, handle);
  }

  async close(): Promise<void> {
    await this.handle?.close();
  }

  /** A folder in it that is one, and no link. */
  child(name: string): Promise<HostFolder> {
    return HostFolder.hold(join(this.path, name), this.at(name));
  }

  /** @throws with code EEXIST if something has that name (or one that the file system takes for the same) */
  async makeFolder(name: string, mode = 0o777): Promise<void> {
    await mkdir(this.at(name), { mode });
  }

  /** A new file for writing. @throws with code EEXIST as `makeFolder` */
  makeFile(name: string, mode: number): Promise<FileHandle> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NOFOLLOW;
    return open(this.at(name), flags, mode);
  }

  /** A regular file for reading; never a link, never waiting for a FIFO. @throws if it is anything else */
  openFile(name: string): Promise<{ file: FileHandle; stat: Stats }> {
    return openRegularFile(this.at(name));
  }

  /** Names in it, at most `limit`. @throws if there are more */
  async names(limit = Number.POSITIVE_INFINITY): Promise<string[]> {
    const names = await readdir(this.handle ? `${OPEN_FILES}/${this.handle.fd}/.` : this.path);
    if (names.length > limit) {
      throw new BulkheadError(`${printable(this.path, 300)} has more than ${limit} entries`);
    }
    return names;
  }

  /** What is in it, with types; links are not followed. */
  entries(): Promise<Dirent[]> {
    return readdir(this.handle ? `${OPEN_FILES}/${this.handle.fd}/.` : this.path, { withFileTypes: true });
  }

  readLink(name: string): Promise<string> {
    return readlink(this.at(name));
  }

  /** @throws with code EEXIST as `makeFolder` */
  async makeLink(name: string, target: string): Promise<void> {
    await symlink(target, this.at(name));
  }

  /** Renames an entry of it over another, which goes (unless it is a folder). */
  async replace(name: string, over: string): Promise<void> {
    await rename(this.at(name), this.at(over));
  }

  /** Keeps a file under a second name in another folder. @throws if it is no file, or the file system knows no hard links */
  async linkTo(name: string, target: HostFolder, newName: string): Promise<void> {
    await link(this.at(name), target.at(newName));
  }

  /** Moves an entry into another folder of the same file system, over the file that is there. */
  async moveOver(name: string, target: HostFolder, over: string): Promise<void> {
    await rename(this.at(name), target.at(over));
  }

  /** Gives a regular file its new name only if nothing has that. @throws with code EEXIST as `makeFolder` */
  async moveNew(name: string, newName: string): Promise<void> {
    if ((await this.look(name)) !== 'file') {
      // link(2) of macOS would follow a link.
      throw new BulkheadError(`${printable(join(this.path, name), 300)} is no regular file`);
    }
    try {
      await link(this.at(name), this.at(newName));
    } catch (error) {
      if (codeOf(error) === 'EEXIST') {
        throw error;
      }
      // A file system without hard links.
      await this.moveTo(name, this, newName);
      return;
    }
    await unlink(this.at(name));
  }

  async look(name: string): Promise<ThereType | undefined> {
    const found = await this.statOf(name);
    if (!found) {
      return undefined;
    }
    return found.isDirectory() ? 'directory' : found.isFile() ? 'file' : 'other';
  }

  async statOf(name: string) {
    try {
      return await lstat(this.at(name));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') {
        return undefined;
      }
      throw error;
    }
  }

  /** Moves an entry into another folder of the same file system, where nothing has that name. */
  async moveTo(name: string, target: HostFolder, newName: string): Promise<void> {
    if (await target.statOf(newName)) {
      throw new BulkheadError(
        `${printable(join(target.path, newName), 300)} appeared while files were copied`,
        {
          next: 'Copy again.',
        },
      );
    }
    await rename(this.at(name), target.at(newName));
  }

  /** A file, a link (never what it leads to) or a folder with all that is in it, also where folders are swapped meanwhile. */
  async remove(name: string): Promise<void> {
    await (this.handle ? removeTree(this.at(name)) : rm(this.at(name), { recursive: true, force: true }));
  }

  /** @throws with code ENOTEMPTY if there is something in it */
  async removeEmpty(name: string): Promise<void> {
    await rmdir(this.at(name));
  }

  /** A folder in it that nobody else uses, for what is not yet where it belongs. */
  async makeStaging(): Promise<{ name: string; folder: HostFolder }> {
    const name = `.bulkhead-copy-${randomBytes(6).toString('hex')}`;
    try {
      await this.makeFolder(name, 0o700);
    } catch (error) {
      throw new BulkheadError(`Cannot write into ${printable(this.path, 300)}: ${messageOf(error)}`, {
        kind: 'usage',
        next: 'Choose a folder that you may write to.',
        cause: error,
      });
    }
    return { name, folder: await this.child(name) };
  }

  private at(name: string): string {
    if (!isSafeHostName(name)) {
      throw new BulkheadError(`Not a file name: ${printable(JSON.stringify(name), 300)}`);
    }
    return this.handle ? `${OPEN_FILES}/${this.handle.fd}/${name}` : join(this.path, name);
  }
}
