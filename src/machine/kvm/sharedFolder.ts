import { lstat, open, readdir, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { BulkheadError, codeOf, messageOf } from '../../core/errors';
import { printable } from '../../core/log';
import { withoutEnd } from '../../core/withoutEnd';
import { isProtectedAtTop } from '../protectedPaths';
import { ambiguousNames } from './fileNames';

/** One file or folder as the kernel knows it: `st_dev:st_ino`, decimal, as `stat -c %d:%i` prints it. */
export type FileIdentity = string;

/** A folder of this computer as it was looked at right before it is shared. */
export interface SharedFolder {
  /** Absolute real path. */
  path: string;
  identity: FileIdentity;
  owner: { uid: number; gid: number };
  /** What lies directly in it and the guest may not change: names, none of them a link. */
  protected: { name: string; identity: FileIdentity }[];
}

export interface SharedFolderOptions {
  /** Absolute paths that must not be inside the folder: the data folder, the Engine's socket. */
  keepOut: readonly string[];
  /** The Engine's address (`unix://…`). */
  endpoint: string;
  home?: string;
}

const PROTECTED_MAX = 100;
/** A `.git` file is one line with a path. */
const GIT_FILE_MAX = 16_384;
const SYSTEM_PLACES = ['/proc', '/sys', '/dev', '/boot', '/etc'];

/**
 * Looks at a folder that is to be mounted into a machine.
 * @throws BulkheadError if it can't be, or must not be
 */
export async function lookAtSharedFolder(
  folder: string,
  readOnly: boolean,
  options: SharedFolderOptions,
): Promise<SharedFolder> {
  if (!options.endpoint.startsWith('unix:') || process.platform !== 'linux') {
    throw new BulkheadError('A folder can be mounted only where the Docker Engine runs on this computer', {
      kind: 'host',
      next: 'Set `workspace.mode` to `copy`: that works with every Engine.',
    });
  }
  const path = await realpath(folder).catch((error: unknown) => {
    throw new BulkheadError(`The folder can't be mounted: ${messageOf(error)}`, {
      kind: 'usage',
      cause: error,
    });
  });
  await refusePlace(path, options);
  const found = await lstat(path, { bigint: true });
  if (!found.isDirectory()) {
    throw refused(path, 'it is not a folder');
  }
  return {
    path,
    identity: `${found.dev}:${found.ino}`,
    owner: { uid: Number(found.uid), gid: Number(found.gid) },
    protected: readOnly ? [] : await protectedEntries(path),
  };
}

async function refusePlace(path: string, { keepOut, home = homedir() }: SharedFolderOptions): Promise<void> {
  if (/[\p{Cc}\p{Cs}]/u.test(path)) {
    throw refused(path, 'its path has control characters');
  }
  const realHome = await realpath(home).catch(() => home);
  if (holds(path, realHome)) {
    throw refused(path, path === realHome ? 'it is your home folder' : 'your home folder is in it');
  }
  const place = SYSTEM_PLACES.find((each) => holds(each, path));
  if (place !== undefined) {
    throw refused(path, `${place} belongs to the system`);
  }
  for (const each of keepOut) {
    const real = await realPathOfNearest(each);
    if (holds(path, real) || holds(real, path)) {
      throw refused(path, `${each} must stay out of a VM's reach`);
    }
  }
}

/** The real path of the deepest part that is there, with the rest as it is written. */
async function realPathOfNearest(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) {
      throw error;
    }
    return join(await realPathOfNearest(dirname(path)), path.slice(dirname(path).length));
  }
}

function holds(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

async function protectedEntries(folder: string): Promise<SharedFolder['protected']> {
  const all = await readdir(folder);
  const ambiguous = await ambiguousNames(folder, all);
  if (ambiguous !== undefined) {
    throw unwritable(ambiguous);
  }
  if (all.includes('HEAD')) {
    throw refusedWritable('HEAD', 'makes it a git repository itself, all of which must be kept from the VM');
  }
  const names = all.filter(isProtectedAtTop).sort();
  if (names.length > PROTECTED_MAX) {
    throw refused(folder, `it has more than ${PROTECTED_MAX} settings files of editors and tools`);
  }
  return Promise.all(
    names.map(async (name) => {
      const found = await lstat(join(folder, name), { bigint: true });
      if (/[\p{Cc}\p{Cs}]/u.test(name) || !(found.isFile() || found.isDirectory())) {
        throw refusedWritable(name, 'is a link or no plain file, so it can’t be kept from the VM');
      }
      if (name.toLowerCase() === '.git' && found.isFile()) {
        await refuseGitFolderInside(folder, name);
      }
      return { name, identity: `${found.dev}:${found.ino}` };
    }),
  );
}

/** A `.git` file names the real one (gitfile, gitrepository-layout(5)); in the folder the guest could write to it. */
async function refuseGitFolderInside(folder: string, name: string): Promise<void> {
  const file = await open(join(folder, name));
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(GIT_FILE_MAX), 0, GIT_FILE_MAX, 0);
    const target = /^gitdir: (.*)$/s.exec(withoutEnd(buffer.toString('utf8', 0, bytesRead), '\r\n'))?.[1];
    const real =
      target === undefined
        ? undefined
        : await realPathOfNearest(target.startsWith('/') ? target : join(folder, target));
    if (real === undefined || holds(folder, real)) {
      throw refusedWritable(name, 'is a file that names no repository outside of the folder');
    }
  } finally {
    await file.close();
  }
}

function refused(path: string, why: string): BulkheadError {
  return new BulkheadError(`${printable(path, 300)} can't be mounted into a VM: ${why}`, {
    kind: 'usage',
    next: 'Open a folder of its own, or set `workspace.mode` to `copy`.',
  });
}

function refusedWritable(name: string, why: string): BulkheadError {
  return unwritable(`${printable(name, 200)} in it ${why}`);
}

function unwritable(why: string): BulkheadError {
  return new BulkheadError(`The folder can't be mounted read-write: ${why}`, {
    kind: 'usage',
    next: 'Mount it read-only (`workspace.readOnly`), or set `workspace.mode` to `copy`.',
  });
}
