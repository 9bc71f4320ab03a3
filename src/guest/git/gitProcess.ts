import { GitFailure, type GitFailureCode } from '../../core/gitFailure';
import { printable } from '../../core/log';
import type { CommandOutput, Guest } from '../guest';

/** git's own messages under `LC_ALL=C`; the guest may write there what it likes, so they only choose a sentence. */
const REASONS: [RegExp, GitFailureCode][] = [
  [/detected dubious ownership|unsafe repository/, 'unsafe'],
  [/not a git repository/, 'notRepository'],
  [/Please tell me who you are|unable to auto-detect email|empty ident name/, 'noIdentity'],
  [/nothing to commit|nothing added to commit|no changes added to commit/, 'nothingToCommit'],
  [/\.lock': File exists|Another git process seems to be running/, 'locked'],
];

/** Exit code for a program that is not there, as a shell has it. */
const NO_PROGRAM = 127;
const DETAILS_MAX = 4000;

/**
 * Nothing asks on a terminal, nothing pages, no path is a pattern, and messages are git's own. The settings of a
 * repository that would start programs for a mere look are off: what runs, runs because the user asked for it.
 */
export const GIT_ENV: Record<string, string> = {
  LC_ALL: 'C',
  GIT_TERMINAL_PROMPT: '0',
  GIT_EDITOR: 'true',
  GIT_PAGER: 'cat',
  GIT_LITERAL_PATHSPECS: '1',
};

export function gitArgv(root: string, args: readonly string[]): [string, ...string[]] {
  return ['git', '-C', root, '-c', 'core.fsmonitor=false', '-c', 'submodule.recurse=false', ...args];
}

export interface GitRun {
  signal?: AbortSignal | undefined;
  input?: Buffer;
  maxBytes?: number;
  deadlineMs?: number;
  /** Exit codes that are answers, beside 0. */
  expected?: readonly number[];
}

/**
 * Runs git in the guest as the machine's user, without a shell.
 * @throws GitFailure if its exit code is none of the expected
 */
export async function runGit(
  guest: Guest,
  root: string,
  args: readonly string[],
  options: GitRun = {},
): Promise<CommandOutput> {
  const output = await guest.run(
    { argv: gitArgv(root, args) },
    {
      cwd: '/',
      env: GIT_ENV,
      ...(options.signal && { signal: options.signal }),
      ...(options.input && { input: options.input }),
      ...(options.maxBytes !== undefined && { maxBytes: options.maxBytes }),
      ...(options.deadlineMs !== undefined && { deadlineMs: options.deadlineMs }),
    },
  );
  if (output.code !== 0 && !options.expected?.includes(output.code)) {
    throw gitFailure(args[0] ?? '', output.code, `${output.stderr}\n${output.stdout}`);
  }
  return output;
}

/** What a failed command said, as an error with a way on. */
export function gitFailure(command: string, exitCode: number, said: string): GitFailure {
  const text = printable(said.trim(), DETAILS_MAX);
  const reason = exitCode === NO_PROGRAM ? 'missing' : REASONS.find(([pattern]) => pattern.test(text))?.[1];
  switch (reason) {
    case 'missing':
      return new GitFailure(reason, 'There is no git in the VM', {
        next: 'Install it in the image, then open the folder again.',
      });
    case 'unsafe':
      return new GitFailure(
        reason,
        'git does not trust this repository: its files belong to another account',
        {
          next: 'Run "Bulkhead: Trust the Repository in the VM" if they should.',
          details: text,
        },
      );
    case 'notRepository':
      return new GitFailure(reason, 'This folder of the VM is not a git repository', { details: text });
    case 'noIdentity':
      return new GitFailure(reason, 'git does not know whose commit this would be', {
        next: 'Set user.name and user.email in the VM.',
        details: text,
      });
    case 'nothingToCommit':
      return new GitFailure(reason, 'There is nothing to commit', { details: text });
    case 'locked':
      return new GitFailure(reason, 'Another git command is at work in this repository', {
        next: 'Try again when it has ended. If none runs, delete the .lock file that git names in the log.',
        details: text,
      });
    default:
      return new GitFailure('failed', `git ${command} failed in the VM: ${firstLine(text, exitCode)}`, {
        details: text,
      });
  }
}

/** The line that says why: git's own "fatal:" or "error:", else (a hook's output) the first. */
function firstLine(text: string, exitCode: number): string {
  const lines = text.split('\n').map((line) => line.trim());
  const line = lines.find((each) => /^(fatal|error): /.test(each)) ?? lines.find((each) => each !== '');
  return line ? line.replace(/^(fatal|error): /, '').slice(0, 300) : `exit code ${exitCode}`;
}
