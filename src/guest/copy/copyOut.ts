import { join } from 'node:path';
import { throwIfAborted } from '../../core/deadline';
import { BulkheadError, CancelledError, codeOf } from '../../core/errors';
import type { ReportProgress } from '../../core/progress';
import type { WaitOptions } from '../../machine/hypervisor';
import { isFileError } from '../fileError';
import type { GuestFiles } from '../guestFiles';
import {
  type Amount,
  ASK_ABOVE,
  amountOf,
  type CopyNode,
  type CopyPlan,
  type CopyQuestions,
  type CopyResult,
  isLarge,
} from './copyTree';
import { CopyUndo } from './copyUndo';
import { withoutRepositories } from './guestSurvey';
import { HostFolder } from './hostFolder';
import { type Destination, resolveConflicts } from './resolveConflicts';

export interface CopyOutOptions extends WaitOptions {
  /** Host folder that it goes into. */
  folder: string;
  /** Files keep their executable bit. Nothing else of a mode is taken over. */
  executable?: boolean;
  /** `.git` folders too. Their settings and hooks run programs. */
  git?: boolean;
  /** Ask above this, and (unless the user agreed to more) read no more bytes than this. Default: `ASK_ABOVE`. */
  askAbove?: Pick<Amount, 'files' | 'bytes'>;
  questions: CopyQuestions;
  onProgress?: ReportProgress;
}

/** Files read at a time: hides the round trip to an emulated guest. */
const AT_ONCE = 8;
const REPORT_MS = 100;
/** How much more than it said the guest may send, once the user has agreed to a large copy. */
const GROWTH = 64 * 1024 * 1024;

/**
 * Copies what was planned from the guest into a folder of this computer. First all of it goes into a new folder in there that
 * nobody else may enter, then each piece is renamed to where it belongs; what is left by a failure or a Cancel is removed.
 */
export async function copyOut(
  files: GuestFiles,
  plan: CopyPlan,
  options: CopyOutOptions,
): Promise<CopyResult & { undo: CopyUndo }> {
  if (!options.git) {
    await withoutRepositories(plan);
  }
  const total = amountOf(plan.roots);
  if (isLarge(total, options.askAbove) && !(await options.questions.isLargeFine(total))) {
    throw new CancelledError();
  }
  const target = await HostFolder.open(options.folder);
  const undo = new CopyUndo(target);
  try {
    if (!options.git) {
      await withoutRepositories(plan, hostDestination(target));
    }
    await resolveConflicts(plan.roots, hostDestination(target), options.questions, plan.skipped);
    throwIfAborted(options.signal);
    const copy = new CopyOut(files, plan, options, undo);
    await undo.begin();
    await copy.run(target);
    const { total } = copy;
    return {
      ...total,
      skipped: plan.skipped.named,
      skippedCount: plan.skipped.count,
      placed: plan.roots.flatMap(({ placing }) =>
        placing.kind === 'skip' ? [] : [join(target.path, placing.name)],
      ),
      undo,
    };
  } catch (error) {
    await undo.revert();
    await undo.settle();
    throw error;
  }
}

/** What is in the host folder: looked at name by name, no link is followed. */
export function hostDestination(target: HostFolder): Destination {
  return {
    async look(path) {
      const names = path.split('/');
      const last = names.pop() ?? '';
      const opened: HostFolder[] = [];
      try {
        let folder = target;
        for (const name of names) {
          folder = await folder.child(name);
          opened.push(folder);
        }
        return await folder.look(last);
      } finally {
        await Promise.all(opened.map((each) => each.close()));
      }
    },
  };
}

class CopyOut {
  readonly total = { files: 0, folders: 0, bytes: 0 };
  private readonly expected: { files: number; bytes: number };
  private readonly budget: number;
  private lastReport = 0;

  constructor(
    private readonly files: GuestFiles,
    private readonly plan: CopyPlan,
    private readonly options: CopyOutOptions,
    private readonly undo: CopyUndo,
  ) {
    this.expected = amountOf(plan.roots);
    const { askAbove = ASK_ABOVE } = options;
    const { bytes } = this.expected;
    this.budget = bytes > askAbove.bytes ? bytes + GROWTH : askAbove.bytes;
  }

  async run(target: HostFolder): Promise<void> {
    const staging = this.undo.staging;
    await this.fetchAll(this.plan.roots, staging);
    throwIfAborted(this.options.signal);
    await this.placeAll(this.plan.roots, staging, target);
    this.report(true);
  }

  /** Into the staging folder, under the names that things will have. */
  private async fetchAll(nodes: readonly CopyNode[], into: HostFolder): Promise<void> {
    const wanted = nodes.filter(({ placing }) => placing.kind !== 'skip');
    const waiting = wanted.filter(({ type }) => type === 'file');
    const worker = async () => {
      for (let node = waiting.shift(); node; node = waiting.shift()) {
        throwIfAborted(this.options.signal);
        await this.fetchFile(node, into).catch((error: unknown) => {
          waiting.length = 0;
          throw error;
        });
      }
    };
    const outcomes = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) {
      throw failed.reason;
    }
    for (const node of wanted.filter(({ type }) => type === 'directory')) {
      await this.fetchFolder(node, into);
    }
  }

  private async fetchFolder(node: CopyNode, into: HostFolder): Promise<void> {
    throwIfAborted(this.options.signal);
    const name = nameOf(node);
    if (!(await this.isNew(node, () => into.makeFolder(name)))) {
      return;
    }
    this.total.folders++;
    const folder = await into.child(name);
    try {
      await this.fetchAll(node.children, folder);
    } finally {
      await folder.close();
    }
  }

  private async fetchFile(node: CopyNode, into: HostFolder): Promise<void> {
    const name = nameOf(node);
    const executable = this.options.executable === true && (node.mode & 0o111) !== 0;
    let made: Awaited<ReturnType<HostFolder['makeFile']>> | undefined;
    const isNew = await this.isNew(node, async () => {
      made = await into.makeFile(name, executable ? 0o777 : 0o666);
    });
    if (!isNew || !made) {
      return;
    }
    try {
      const source = this.files.createReadStream(node.source);
      const stop = () => source.destroy(new CancelledError());
      this.options.signal?.addEventListener('abort', stop, { once: true });
      try {
        for await (const chunk of source) {
          const bytes = chunk as Buffer;
          this.total.bytes += bytes.length;
          if (this.total.bytes > this.budget) {
            throw moreThanSaid();
          }
          await made.writeFile(bytes);
          this.report(false);
        }
      } finally {
        this.options.signal?.removeEventListener('abort', stop);
        source.destroy();
      }
    } catch (error) {
      throwIfAborted(this.options.signal);
      if (!isFileError(error, 'EACCES', 'ENOENT', 'EISDIR')) {
        throw error;
      }
      this.skip(node, 'unreadable');
      await into.remove(name);
      return;
    } finally {
      await made.close();
    }
    this.total.files++;
    this.report(false);
  }

  /** False (and skipped) if the file system takes the name for one that came before: another case, another composition. */
  private async isNew(node: CopyNode, make: () => Promise<void>): Promise<boolean> {
    try {
      await make();
      return true;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') {
        throw error;
      }
      this.skip(node, 'collision');
      return false;
    }
  }

  private skip(node: CopyNode, reason: 'collision' | 'unreadable'): void {
    node.placing = { kind: 'skip' };
    this.plan.skipped.add(node.source, reason);
  }

  private async placeAll(nodes: readonly CopyNode[], from: HostFolder, to: HostFolder): Promise<void> {
    for (const node of nodes) {
      throwIfAborted(this.options.signal);
      const { placing } = node;
      if (placing.kind === 'skip') {
        continue;
      }
      if (placing.kind === 'place') {
        await this.undo.place(from, placing.name, to, placing.replaces);
        continue;
      }
      const inner = await from.child(placing.name);
      const there = await to.child(placing.name);
      try {
        await this.placeAll(node.children, inner, there);
      } finally {
        await inner.close();
        await there.close();
      }
    }
  }

  private report(last: boolean): void {
    const now = performance.now();
    if (last || now - this.lastReport >= REPORT_MS) {
      this.lastReport = now;
      const { files, bytes } = this.expected;
      this.options.onProgress?.({
        phase: 'copy',
        message: files === 1 ? '1 file' : `${files} files`,
        done: Math.min(this.total.bytes, bytes),
        total: bytes,
        unit: 'bytes',
      });
    }
  }
}

function nameOf({ placing, name }: CopyNode): string {
  return placing.kind === 'skip' ? name : placing.name;
}

function moreThanSaid(): BulkheadError {
  return new BulkheadError('The VM sends more than it said there is', {
    next: 'If these files grow all the time, stop what writes them and copy again.',
  });
}
