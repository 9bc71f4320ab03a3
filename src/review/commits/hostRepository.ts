import { BulkheadError, codeOf } from '../../core/errors';
import type { HostFolder } from '../../guest/copy/hostFolder';
import { readHostFile } from '../host/hostPath';

const PACKED_REFS_MAX = 16 * 1024 * 1024;
const REF_FILES_MAX = 5_000;
const REF_FILE_MAX = 1_000;
const CONFIG_MAX = 1024 * 1024;
const DEPTH_MAX = 20;
const HASH = /^[0-9a-f]{40}$/;

/**
 * The folder's own repository, read as files: git is never run in it, so that nothing of its settings (hooks, fsmonitor,
 * includes, remotes that are programs) can start anything.
 */
export class HostRepository {
  private constructor(
    /** `.git`, held open. */
    readonly folder: HostFolder,
  ) {}

  /**
   * @returns undefined if the folder is no repository
   * @throws BulkheadError of kind `usage` if it is one of a kind that is not written to: a `.git` that is a file or a link
   * (submodule, work tree), SHA-256 objects, reftables
   */
  static async open(root: HostFolder): Promise<HostRepository | undefined> {
    const kind = await root.look('.git');
    if (kind === undefined) {
      return undefined;
    }
    if (kind !== 'directory') {
      throw unsupported('its .git is a file or a link that leads elsewhere');
    }
    const folder = await root.child('.git');
    try {
      for (const name of ['objects', 'refs']) {
        if ((await folder.look(name)) !== 'directory') {
          throw unsupported(`its .git/${name} is no folder`);
        }
      }
      if ((await folder.look('commondir')) !== undefined) {
        throw unsupported('its .git leads elsewhere (commondir)');
      }
      const config = await textOf(folder, 'config', CONFIG_MAX);
      if (hasNewerForm(config)) {
        throw unsupported('it keeps its objects or refs in a newer form (SHA-256 or reftable)');
      }
      return new HostRepository(folder);
    } catch (error) {
      await folder.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.folder.close();
  }

  /** Commits (and tags) that some ref of it names. */
  async hashes(): Promise<string[]> {
    const found = new Set<string>();
    for (const line of (await textOf(this.folder, 'packed-refs', PACKED_REFS_MAX)).split('\n')) {
      const hash = line.slice(0, 40);
      if (HASH.test(hash)) {
        found.add(hash);
      }
    }
    await this.collect(await this.folder.child('refs'), found, { files: 0 }, 0);
    const head = (await textOf(this.folder, 'HEAD', REF_FILE_MAX)).trim();
    if (HASH.test(head)) {
      found.add(head);
    }
    return [...found];
  }

  /**
   * Takes the packed refs (gitformat-packed-refs: a line each, with what a tag names in a `^` line after it) below `prefix` out
   * of the list, under git's own lock.
   */
  async dropPacked(prefix: string): Promise<void> {
    const before = await textOf(this.folder, 'packed-refs', PACKED_REFS_MAX);
    const lines = before.split('\n');
    const isOurs = (line: string) => line.slice(41).startsWith(prefix) && HASH.test(line.slice(0, 40));
    const kept = lines.filter((line, at) => {
      const owner = line.startsWith('^') ? (lines[at - 1] ?? '') : line;
      return !isOurs(owner);
    });
    if (kept.length === lines.length) {
      return;
    }
    const lock = 'packed-refs.lock';
    const file = await this.folder.makeFile(lock, 0o644);
    try {
      // What git wrote before the lock was ours counts.
      if ((await textOf(this.folder, 'packed-refs', PACKED_REFS_MAX)) !== before) {
        throw new BulkheadError('git is packing refs of the folder’s repository just now');
      }
      await file.writeFile(kept.join('\n'), 'latin1');
      await file.sync();
      await this.folder.replace(lock, 'packed-refs');
    } catch (error) {
      await this.folder.remove(lock);
      throw error;
    } finally {
      await file.close();
    }
  }

  private async collect(
    folder: HostFolder,
    found: Set<string>,
    count: { files: number },
    depth: number,
  ): Promise<void> {
    try {
      for (const name of await folder.names(REF_FILES_MAX)) {
        const kind = await folder.look(name).catch(() => undefined);
        if (kind === 'directory' && depth < DEPTH_MAX) {
          await this.collect(await folder.child(name), found, count, depth + 1);
        } else if (kind === 'file' && ++count.files <= REF_FILES_MAX) {
          const hash = (await textOf(folder, name, REF_FILE_MAX)).trim();
          if (HASH.test(hash)) {
            found.add(hash);
          }
        }
      }
    } finally {
      await folder.close();
    }
  }
}

async function textOf(folder: HostFolder, name: string, maxBytes: number): Promise<string> {
  try {
    return (await readHostFile(folder, name, maxBytes))?.toString('latin1') ?? '';
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return '';
    }
    throw error;
  }
}

function unsupported(why: string): BulkheadError {
  return new BulkheadError(`Commits can’t be brought into this folder’s repository: ${why}`, {
    kind: 'usage',
    next: 'Bring the files back instead, or clone from the VM into another folder.',
  });
}

/** Whether a `.git/config` says that objects or refs are kept in another form than the one that is read here. */
export function hasNewerForm(config: string): boolean {
  // No `\s`: it would go over the lines' ends, from each of them again.
  return /^[ \t]*(?:\[extensions\][ \t]*)?(?:objectformat[ \t]*=[ \t]*"?sha256|refstorage[ \t]*=[ \t]*"?reftable)/im.test(
    config,
  );
}
