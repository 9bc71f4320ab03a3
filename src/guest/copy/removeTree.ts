import { constants } from 'node:fs';
import { lstat, open, readdir, rmdir, unlink } from 'node:fs/promises';
import { BulkheadError, codeOf } from '../../core/errors';

/** Linux names an open folder here: what is below it stays in it, whatever happens to the path meanwhile. */
export const OPEN_FILES = '/proc/self/fd';

const FOLDER = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_DIRECTORY;
/** Each folder on the way down is held open; one that somebody hostile made may be deeper than a process may open files. */
const DEPTH_MAX = 300;

/**
 * Removes a file, a link or a folder with all that is in it. node's `rm` goes by paths: a folder that is swapped for a link
 * meanwhile (a guest's, in a mounted folder) would lead it elsewhere. Here each folder is opened without following a link and
 * emptied by its open file. Names are bytes, so that none is missed. Nothing there is no failure. Linux only.
 */
export async function removeTree(path: string | Buffer, depth = 0): Promise<void> {
  try {
    if (!(await lstat(path)).isDirectory()) {
      await unlink(path);
      return;
    }
    if (depth >= DEPTH_MAX) {
      throw new BulkheadError(`A folder is more than ${DEPTH_MAX} folders deep`, {
        next: 'Remove it by hand.',
      });
    }
    const folder = await open(path, FOLDER);
    try {
      const inside = `${OPEN_FILES}/${folder.fd}/`;
      for (const name of await readdir(`${inside}.`, { encoding: 'buffer' })) {
        await removeTree(Buffer.concat([Buffer.from(inside), name]), depth + 1);
      }
    } finally {
      await folder.close();
    }
    await rmdir(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') {
      throw error;
    }
  }
}
