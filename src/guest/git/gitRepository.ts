import { withDeadline } from '../../core/deadline';
import { BulkheadError } from '../../core/errors';
import type { WaitOptions } from '../../machine/hypervisor';
import type { Guest } from '../guest';
import { GIT_ENV, type GitRun, gitArgv, gitFailure, runGit } from './gitProcess';
import { type GitStatus, GitStatusParser, isName } from './gitStatus';

/** Changes that are read at most: more is no list that anybody works through. */
export const CHANGES_MAX = 10_000;
/** The largest version of a file that a diff shows (bytes); VS Code's own diff gives up at 50 MB. */
export const CONTENT_MAX = 8 * 1024 * 1024;
const STATUS_MS = 120_000;
/** Hooks run tests and formatters. */
const COMMIT_MS = 30 * 60_000;
const CHANGE_MS = 300_000;
/** Bytes of paths in one command: the command line holds them as hex (guest/command.ts, `COMMAND_MAX`). */
const BATCH_BYTES = 40_000;
const STDERR_MAX = 8192;
const BRANCHES_MAX = 2000;

export interface Identity {
  name?: string;
  email?: string;
}

export interface Branch {
  name: string;
  /** A branch of a remote that has no local one yet: `origin/topic`. */
  remote: boolean;
  current: boolean;
  /** First line of its last commit (the guest's word). */
  subject: string;
}

export interface CommitOptions extends WaitOptions {
  amend?: boolean;
  /** Keeps the message of the commit that is amended. */
  keepMessage?: boolean;
}

/** One work tree in the guest. Everything runs in the guest, as the machine's user. */
export class GitRepository {
  constructor(
    readonly guest: Guest,
    /** Absolute guest path of the work tree. */
    readonly root: string,
  ) {}

  /** At most `CHANGES_MAX` changes; git is stopped when it has more. */
  status(options: WaitOptions = {}): Promise<GitStatus> {
    const args = [
      '--no-optional-locks',
      'status',
      '--porcelain=v2',
      '-z',
      '--branch',
      '--untracked-files=all',
    ];
    const wait = { what: 'git status in the VM', ms: STATUS_MS, signal: options.signal };
    return withDeadline(wait, async (signal) => {
      const process = await this.guest.spawn(
        { argv: gitArgv(this.root, args) },
        { cwd: '/', env: GIT_ENV, signal },
      );
      const stop = () => process.dispose();
      signal.addEventListener('abort', stop, { once: true });
      const parser = new GitStatusParser(CHANGES_MAX);
      let said = '';
      process.stderr.on('data', (chunk: Buffer) => {
        said = said.length < STDERR_MAX ? said + chunk.toString() : said;
      });
      try {
        for await (const chunk of process.stdout) {
          parser.push(chunk as Buffer);
          if (parser.isFull) {
            return parser.end();
          }
        }
        const { code } = await process.exited;
        if (code !== 0) {
          throw gitFailure('status', code, said);
        }
        return parser.end();
      } finally {
        signal.removeEventListener('abort', stop);
        process.dispose();
      }
    });
  }

  /**
   * A file's bytes in a version: `HEAD`, or `:0` for the index. Undefined if that version has no such file.
   * @throws BulkheadError if it is larger than `CONTENT_MAX`
   */
  async content(
    version: 'HEAD' | ':0',
    path: string,
    options: WaitOptions = {},
  ): Promise<Buffer | undefined> {
    const run: GitRun = { ...options, maxBytes: CONTENT_MAX, expected: [128] };
    const output = await runGit(this.guest, this.root, ['cat-file', 'blob', `${version}:${path}`], run);
    if (output.code !== 0) {
      return undefined;
    }
    if (output.truncated || output.stdout.length >= CONTENT_MAX) {
      throw new BulkheadError(`This version has more than ${CONTENT_MAX} bytes: too large to be shown`);
    }
    return output.stdout;
  }

  /** Whether the index has the file. */
  async isTracked(path: string, options: WaitOptions = {}): Promise<boolean> {
    const args = ['ls-files', '--cached', '-z', '--', path];
    return (await runGit(this.guest, this.root, args, { ...options, maxBytes: 65_536 })).stdout.length > 0;
  }

  async stage(paths: readonly string[], options: WaitOptions = {}): Promise<void> {
    await this.onPaths(['add', '--all', '--'], paths, options);
  }

  async stageAll(options: WaitOptions = {}): Promise<void> {
    await this.change(['add', '--all', '--', '.'], options);
  }

  async unstage(paths: readonly string[], options: WaitOptions = {}): Promise<void> {
    await this.onPaths(await this.unstageCommand(options), paths, options);
  }

  async unstageAll(options: WaitOptions = {}): Promise<void> {
    await this.change([...(await this.unstageCommand(options)), '.'], options);
  }

  /** Puts files back as the index has them, and deletes untracked ones. What was in them is lost. */
  async discard(
    paths: { tracked: readonly string[]; untracked: readonly string[] },
    options: WaitOptions = {},
  ): Promise<void> {
    await this.onPaths(['checkout', '--quiet', '--'], paths.tracked, options);
    await this.onPaths(['clean', '--quiet', '--force', '-d', '--'], paths.untracked, options);
  }

  /** Commits what is staged. Hooks run in the guest. */
  async commit(message: string, options: CommitOptions = {}): Promise<void> {
    const { amend, keepMessage, ...wait } = options;
    const text = keepMessage ? ['--no-edit'] : ['--file=-'];
    const args = ['commit', '--quiet', ...(amend ? ['--amend'] : []), ...text];
    const input = keepMessage ? {} : { input: Buffer.from(`${message}\n`) };
    await runGit(this.guest, this.root, args, { ...wait, ...input, deadlineMs: COMMIT_MS });
  }

  /** The last commit's message; empty before the first commit. */
  async lastMessage(options: WaitOptions = {}): Promise<string> {
    const run: GitRun = { ...options, maxBytes: 65_536, expected: [128] };
    const output = await runGit(this.guest, this.root, ['log', '-1', '--format=%B'], run);
    return output.code === 0 ? output.stdout.toString().trimEnd() : '';
  }

  /** `user.name` and `user.email` as commits here would have them. */
  async identity(options: WaitOptions = {}): Promise<Identity> {
    const value = async (key: string) => {
      const run: GitRun = { ...options, maxBytes: 4096, expected: [1] };
      const text = (await runGit(this.guest, this.root, ['config', '--get', key], run)).stdout
        .toString()
        .trim();
      return text === '' ? undefined : text;
    };
    const name = await value('user.name');
    const email = await value('user.email');
    return { ...(name !== undefined && { name }), ...(email !== undefined && { email }) };
  }

  /** For this repository only. */
  async setIdentity(identity: Required<Identity>, options: WaitOptions = {}): Promise<void> {
    await this.change(['config', '--local', 'user.name', identity.name], options);
    await this.change(['config', '--local', 'user.email', identity.email], options);
  }

  /** Lets git work here although the files belong to another account (git-config(1), `safe.directory`). */
  async trust(options: WaitOptions = {}): Promise<void> {
    // `-C` into an unsafe repository is fine: `config --global` does not read it.
    await this.change(['config', '--global', '--add', 'safe.directory', this.root], options);
  }

  /** Local branches, then those of remotes; newest commit first; at most 2000. */
  async branches(options: WaitOptions = {}): Promise<Branch[]> {
    const format = '%(refname)%00%(HEAD)%00%(contents:subject)';
    const args = [
      'for-each-ref',
      `--format=${format}`,
      '--sort=-committerdate',
      `--count=${BRANCHES_MAX}`,
      'refs/heads',
      'refs/remotes',
    ];
    const { stdout } = await runGit(this.guest, this.root, args, options);
    const found = stdout
      .toString()
      .split('\n')
      .map(parseBranch)
      .filter((branch) => branch !== undefined);
    return [...found.filter(({ remote }) => !remote), ...found.filter(({ remote }) => remote)];
  }

  /** Checks a branch out; for one of a remote, a local branch that follows it. */
  async switchTo(branch: Pick<Branch, 'name' | 'remote'>, options: WaitOptions = {}): Promise<void> {
    const args = branch.remote ? ['--track', branch.name] : [checkedName(branch.name), '--'];
    await this.change(['checkout', '--quiet', ...args], options);
  }

  /** Makes a branch from what is checked out, and switches to it. */
  async createBranch(name: string, options: WaitOptions = {}): Promise<void> {
    await this.change(['checkout', '--quiet', '-b', checkedName(name)], options);
  }

  /** Before the first commit there is no HEAD to reset to. */
  private async unstageCommand(options: WaitOptions): Promise<string[]> {
    const run: GitRun = { ...options, expected: [1, 128] };
    const head = await runGit(this.guest, this.root, ['rev-parse', '--quiet', '--verify', 'HEAD'], run);
    return head.code === 0 ? ['reset', '--quiet', '--'] : ['rm', '--quiet', '--cached', '-r', '--'];
  }

  private async onPaths(command: string[], paths: readonly string[], options: WaitOptions): Promise<void> {
    for (const batch of batches(paths)) {
      await this.change([...command, ...batch], options);
    }
  }

  private async change(args: string[], options: WaitOptions): Promise<void> {
    await runGit(this.guest, this.root, args, { ...options, deadlineMs: CHANGE_MS });
  }
}

function parseBranch(line: string): Branch | undefined {
  const [reference = '', head = '', subject = ''] = line.split('\0');
  const [, kind, name = ''] = /^refs\/(heads|remotes)\/(.+)$/s.exec(reference) ?? [];
  if (kind === undefined || !isName(name) || (kind === 'remotes' && name.endsWith('/HEAD'))) {
    return undefined;
  }
  return { name, remote: kind === 'remotes', current: head === '*', subject };
}

function checkedName(name: string): string {
  if (!isName(name)) {
    throw new BulkheadError(`Not a name for a branch: ${JSON.stringify(name.slice(0, 100))}`, {
      kind: 'usage',
      next: 'Use letters, digits, ".", "-" and "/", without a "-" in front.',
    });
  }
  return name;
}

function* batches(paths: readonly string[]): Generator<string[]> {
  let batch: string[] = [];
  let bytes = 0;
  for (const path of paths) {
    const length = Buffer.byteLength(path) + 1;
    if (bytes + length > BATCH_BYTES && batch.length > 0) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(path);
    bytes += length;
  }
  if (batch.length > 0) {
    yield batch;
  }
}
