import { GIT_ENV, gitArgv } from '../../guest/git/gitProcess';
import type { Guest } from '../../guest/guest';
import type { WaitOptions } from '../../machine/hypervisor';
import type { ReviewedMachine } from '../reviewContext';
import type { ReviewCommit } from '../reviewService';
import { isSafeBranch } from './refNames';

const COMMITS_MAX = 200;
const OUTPUT_MAX = 1024 * 1024;
const SUBJECT_MAX = 500;
const HASHES_MAX = 2_000;
const GIT_MS = 60_000;

/** What `git log` and `git bundle` read as "not what these reach". Hashes that the guest doesn't have are passed over. */
export function exclusions(hashes: readonly string[]): Buffer {
  return Buffer.from(
    hashes
      .slice(0, HASHES_MAX)
      .map((hash) => `^${hash}\n`)
      .join(''),
  );
}

/** Commits on branches of the guest that none of `hashes` reaches, newest first. None if there is no git or no repository. */
export async function newCommits(
  guest: Guest,
  machine: ReviewedMachine,
  hashes: readonly string[],
  options: WaitOptions,
): Promise<ReviewCommit[]> {
  const format = '--format=%H%x00%S%x00%s%x00';
  const args = ['log', '--branches', '--ignore-missing', '--stdin', `--max-count=${COMMITS_MAX}`, format];
  const output = await guest.run(
    { argv: gitArgv(machine.workspaceFolder, args) },
    {
      ...options,
      user: machine.user,
      cwd: '/',
      env: GIT_ENV,
      input: exclusions(hashes),
      maxBytes: OUTPUT_MAX,
      deadlineMs: GIT_MS,
    },
  );
  return output.code === 0 ? parseCommits(output.stdout.toString()) : [];
}

export function parseCommits(text: string): ReviewCommit[] {
  const fields = text.split('\0');
  const commits: ReviewCommit[] = [];
  for (let at = 0; at + 2 < fields.length && commits.length < COMMITS_MAX; at += 3) {
    const hash = fields[at]?.trim() ?? '';
    const branch = (fields[at + 1] ?? '').replace(/^refs\/heads\//, '');
    if (/^[0-9a-f]{40}$/.test(hash) && isSafeBranch(branch)) {
      commits.push({ branch, hash, subject: (fields[at + 2] ?? '').slice(0, SUBJECT_MAX) });
    }
  }
  return commits;
}
