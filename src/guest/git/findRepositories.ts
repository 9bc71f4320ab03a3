import { GitFailure } from '../../core/gitFailure';
import type { WaitOptions } from '../../machine/hypervisor';
import type { Guest } from '../guest';
import { isInside } from '../guestPath';
import { kitTools } from '../kitTools';
import { runGit } from './gitProcess';

/** Folders below the workspace that are looked into, and repositories that are shown. */
const DEPTH = 4;
const REPOSITORIES_MAX = 12;
const FIND_MS = 60_000;
const FIND_BYTES = 256 * 1024;

export interface FoundRepositories {
  /** False if the image has no git: then the lists are empty. */
  git: boolean;
  /** Absolute guest paths of work trees; the workspace's own first. */
  roots: string[];
  /** Those that git refuses because of their owner. */
  unsafe: string[];
}

/** The work tree that `folder` lies in, and those below it. */
export async function findRepositories(
  guest: Guest,
  folder: string,
  options: WaitOptions = {},
): Promise<FoundRepositories> {
  const roots = new Set<string>();
  const unsafe = new Set<string>();
  const look = async (inside: string, isRoot: (root: string) => boolean) => {
    try {
      const said = await runGit(guest, inside, ['rev-parse', '--show-toplevel'], options);
      const root = said.stdout.toString().replace(/\n$/, '');
      if (isInside('/', root) && isRoot(root)) {
        roots.add(root);
      }
    } catch (error) {
      if (!(error instanceof GitFailure) || error.code === 'missing') {
        throw error;
      }
      if (error.code === 'unsafe') {
        unsafe.add(dubiousRoot(error.details ?? '', inside));
      }
    }
  };
  try {
    // The guest says where its root is: only the folder itself or one above it can be.
    await look(folder, (root) => isInside(root, folder));
    for (const below of await worktreesBelow(guest, folder, options)) {
      if (roots.size + unsafe.size < REPOSITORIES_MAX) {
        await look(below, (root) => root === below);
      }
    }
  } catch (error) {
    if (error instanceof GitFailure && error.code === 'missing') {
      return { git: false, roots: [], unsafe: [] };
    }
    throw error;
  }
  return { git: true, roots: [...roots], unsafe: [...unsafe] };
}

/** `detected dubious ownership in repository at '<path>'`, if that is the folder or one above it. */
function dubiousRoot(said: string, folder: string): string {
  const named = / at '([^'\n]+)'/.exec(said)?.[1]?.replace(/\/\.git\/?$/, '');
  return named !== undefined && isInside('/', named) && isInside(named, folder) ? named : folder;
}

async function worktreesBelow(guest: Guest, folder: string, options: WaitOptions): Promise<string[]> {
  const { busybox } = kitTools(guest);
  const output = await guest.run(
    {
      argv: [
        ...([busybox, 'find', folder, '-mindepth', '1', '-maxdepth', String(DEPTH)] as [string, ...string[]]),
        ...['-name', 'node_modules', '-prune', '-o'],
        ...['-name', '.git', '-prune', '-print0'],
      ],
    },
    { ...options, cwd: '/', maxBytes: FIND_BYTES, deadlineMs: FIND_MS },
  );
  return output.stdout
    .toString()
    .split('\0')
    .slice(0, -1)
    .filter((path) => path.endsWith('/.git') && isInside(folder, path))
    .map((path) => path.slice(0, -'/.git'.length))
    .filter((root) => isInside(folder, root) && root !== '')
    .sort((one, other) => one.length - other.length);
}
