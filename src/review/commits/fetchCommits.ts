import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { withDeadline } from '../../core/deadline';
import { BulkheadError, codeOf, messageOf } from '../../core/errors';
import { printable } from '../../core/log';
import { HostFolder } from '../../guest/copy/hostFolder';
import { GIT_ENV, gitArgv, gitFailure } from '../../guest/git/gitProcess';
import type { Guest, GuestProcess } from '../../guest/guest';
import type { WaitOptions } from '../../machine/hypervisor';
import type { ReviewContext, ReviewedMachine } from '../reviewContext';
import { type BundleHead, splitBundle } from './bundle';
import { type HostGit, hostGit } from './hostGit';
import { HostRepository } from './hostRepository';
import { exclusions } from './newCommits';
import { compatibleRefs, type Ref } from './refNames';

const BUNDLE_MAX = 512 * 1024 * 1024;
const FETCH_MS = 600_000;
const EXIT_MS = 5_000;
const COUNT_MAX = 100_000;

export interface FetchedRef {
  /** As `git log` takes it: `bulkhead/<id>/<branch>`. */
  ref: string;
  hash: string;
  /** Commits of it that this computer lacked. */
  commits: number;
}

/**
 * Brings the guest's branches into the folder's repository as `refs/remotes/bulkhead/<id>/…`. The pack is checked and indexed
 * by git in a repository of our own; then its files are placed beside the other packs, and the refs are written as files.
 */
export async function fetchCommits(
  context: ReviewContext,
  machine: ReviewedMachine,
  options: WaitOptions,
): Promise<FetchedRef[]> {
  const root = await HostFolder.open(machine.folder);
  try {
    const repository = await HostRepository.open(root);
    if (!repository) {
      throw new BulkheadError('The folder on this computer is no git repository', {
        kind: 'usage',
        next: 'Bring the files back instead, or run `git init` in it first.',
      });
    }
    const parent = context.paths.reviews(machine.id);
    await mkdir(parent, { recursive: true, mode: 0o700 });
    const scratch = await mkdtemp(join(parent, 'commits-'));
    try {
      const what = 'Fetching the VM’s commits';
      return await withDeadline({ what, ms: FETCH_MS, signal: options.signal }, async (signal) => {
        const guest = await context.guest(machine.id, { signal });
        return new Fetch(machine, repository, scratch, signal).run(guest);
      });
    } finally {
      await repository.close();
      await rm(scratch, { recursive: true, force: true });
    }
  } finally {
    await root.close();
  }
}

class Fetch {
  private readonly place: { gitFolder: string; objects: string; signal: AbortSignal };

  constructor(
    private readonly machine: ReviewedMachine,
    private readonly repository: HostRepository,
    scratch: string,
    private readonly signal: AbortSignal,
  ) {
    this.place = { gitFolder: scratch, objects: join(repository.folder.path, 'objects'), signal };
  }

  async run(guest: Guest): Promise<FetchedRef[]> {
    await this.makeScratch();
    const known = await this.repository.hashes();
    const head = await this.receive(guest, known);
    if (!head) {
      return [];
    }
    const { kept } = compatibleRefs(head.refs);
    const fetched: FetchedRef[] = [];
    for (const { branch, hash } of kept) {
      fetched.push({
        ref: `bulkhead/${this.machine.id}/${branch}`,
        hash,
        commits: await this.count(hash, known),
      });
    }
    await this.placePacks();
    await this.writeRefs(kept);
    return fetched;
  }

  /** An empty bare repository, by hand: `git init` would read templates. */
  private async makeScratch(): Promise<void> {
    const { gitFolder } = this.place;
    await mkdir(join(gitFolder, 'objects/pack'), { recursive: true });
    await mkdir(join(gitFolder, 'refs'));
    await writeFile(join(gitFolder, 'HEAD'), 'ref: refs/heads/none\n');
    await writeFile(join(gitFolder, 'config'), '[core]\n\trepositoryformatversion = 0\n\tbare = true\n');
  }

  /** Undefined if the guest has nothing that is new here. */
  private async receive(guest: Guest, known: readonly string[]): Promise<BundleHead | undefined> {
    const { machine, signal } = this;
    const args = ['bundle', 'create', '--version=2', '-', '--branches', '--ignore-missing', '--stdin'];
    const process = await guest.spawn(
      { argv: gitArgv(machine.workspaceFolder, ['-c', 'pack.threads=2', ...args]) },
      { user: machine.user, cwd: '/', env: GIT_ENV, signal },
    );
    let said = '';
    process.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000);
    });
    process.stdin.on('error', () => undefined);
    process.stdin.end(exclusions(known));
    const stop = () => process.dispose();
    signal.addEventListener('abort', stop, { once: true });
    let head: BundleHead | undefined;
    let indexer: HostGit | undefined;
    try {
      await splitBundle(process.stdout, BUNDLE_MAX, (found) => {
        head = found;
        const limit = `--max-input-size=${BUNDLE_MAX}`;
        indexer = hostGit(['index-pack', '--stdin', '--fix-thin', '--strict', limit], this.place);
        return indexer.stdin;
      });
      await indexer?.finished;
      return head;
    } catch (error) {
      indexer?.kill();
      if (head && head.refs.length + head.droppedRefs === 0) {
        // git writes the head of a bundle before it finds out that nothing is to follow.
        return undefined;
      }
      if (head) {
        // git's own word on what was wrong with the pack tells more than the broken pipe it leaves.
        await indexer?.finished;
        throw error;
      }
      const code = await exitCode(process);
      if (/Refusing to create empty bundle/i.test(said)) {
        return undefined;
      }
      throw code === 0 ? error : gitFailure('bundle', code, said);
    } finally {
      signal.removeEventListener('abort', stop);
      process.dispose();
    }
  }

  /** Walks all that the branch needs: an object that neither side has is found here, not by the user. */
  private async count(hash: string, known: readonly string[]): Promise<number> {
    const walk = hostGit(['rev-list', '--objects', '--quiet', '--stdin'], this.place);
    const input = [hash, ...known.map((each) => `^${each}`)].join('\n');
    walk.stdin.end(`${input}\n`);
    await walk.finished;
    const counted = hostGit(['rev-list', '--count', `--max-count=${COUNT_MAX}`, '--stdin'], this.place);
    counted.stdin.end(`${input}\n`);
    return Number.parseInt(await counted.finished, 10) || 0;
  }

  /** The index goes last: git takes a pack for one when it has its index. */
  private async placePacks(): Promise<void> {
    const from = join(this.place.gitFolder, 'objects/pack');
    const names = (await readdir(from)).filter((name) => /^pack-[0-9a-f]{40}\.(?:pack|rev|idx)$/.test(name));
    const order = ['.pack', '.rev', '.idx'];
    const rank = (name: string) => order.findIndex((end) => name.endsWith(end));
    names.sort((a, b) => rank(a) - rank(b));
    const objects = await this.repository.folder.child('objects');
    try {
      if ((await objects.look('pack')) === undefined) {
        await objects.makeFolder('pack');
      }
      const packs = await objects.child('pack');
      try {
        for (const name of names) {
          await copyIn(packs, name, join(from, name));
        }
      } finally {
        await packs.close();
      }
    } finally {
      await objects.close();
    }
  }

  /** All of `refs/remotes/bulkhead/<id>` is ours: what is there from before goes, also what `git gc` packed. */
  private async writeRefs(refs: readonly Ref[]): Promise<void> {
    const opened: HostFolder[] = [];
    const enter = async (folder: HostFolder, name: string) => {
      if ((await folder.look(name)) === undefined) {
        await folder.makeFolder(name);
      }
      const inner = await folder.child(name);
      opened.push(inner);
      return inner;
    };
    try {
      let folder = this.repository.folder;
      for (const name of ['refs', 'remotes', 'bulkhead']) {
        folder = await enter(folder, name);
      }
      await this.repository.dropPacked(`refs/remotes/bulkhead/${this.machine.id}/`);
      await folder.remove(this.machine.id);
      const own = await enter(folder, this.machine.id);
      for (const { branch, hash } of refs) {
        const names = branch.split('/');
        const last = names.pop() ?? '';
        let holder = own;
        for (const name of names) {
          holder = await enter(holder, name);
        }
        const file = await holder.makeFile(last, 0o644);
        try {
          await file.writeFile(`${hash}\n`);
          await file.sync();
        } finally {
          await file.close();
        }
      }
    } catch (error) {
      throw new BulkheadError(`The refs of the VM’s commits could not be written: ${messageOf(error)}`, {
        cause: error,
        next: 'See what is in .git/refs/remotes/bulkhead, then fetch again.',
      });
    } finally {
      await Promise.all(opened.map((each) => each.close()));
    }
  }
}

/** 0 too if it does not end: what it sent has the fault then. */
async function exitCode(process: GuestProcess): Promise<number> {
  const ended = withDeadline({ what: 'Ending git in the VM', ms: EXIT_MS }, () => process.exited);
  return ended.then(
    ({ code }) => code,
    () => 0,
  );
}

/** A pack is named by its content: one that is there already is the same. */
async function copyIn(packs: HostFolder, name: string, source: string): Promise<void> {
  if (await packs.statOf(name)) {
    return;
  }
  const temporary = `tmp_bulkhead_${name}`;
  await packs.remove(temporary);
  try {
    const file = await packs.makeFile(temporary, 0o444);
    await pipeline(createReadStream(source), file.createWriteStream());
    await packs.moveNew(temporary, name);
  } catch (error) {
    await packs.remove(temporary);
    if (codeOf(error) !== 'EEXIST') {
      throw new BulkheadError(`${printable(name, 100)} could not be placed: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}
