import { randomBytes } from 'node:crypto';
import { throwIfAborted } from '../../core/deadline';
import { BulkheadError, CancelledError } from '../../core/errors';
import { printable } from '../../core/log';
import type { ReportProgress } from '../../core/progress';
import type { WaitOptions } from '../../machine/hypervisor';
import { isFileError } from '../fileError';
import type { Guest } from '../guest';
import type { GuestFiles } from '../guestFiles';
import { checkGuestPath, isEntryName, joinGuest } from '../guestPath';
import type { HostEntry } from '../hostTree';
import { sendTree } from '../uploadWorkspace';
import { amountOf, type CopyNode, type CopyQuestions, type CopyResult, isLarge } from './copyTree';
import type { HostPlan } from './hostSurvey';
import { type Destination, resolveConflicts } from './resolveConflicts';

export interface CopyInOptions extends WaitOptions {
  /** Absolute guest folder that it goes into. */
  folder: string;
  /** What a single source is called there; its own name if undefined. */
  name?: string;
  /** Account in the guest; the machine's default user if undefined. */
  user?: string;
  questions: CopyQuestions;
  onProgress?: ReportProgress;
}

/** Renames under way at a time. */
const AT_ONCE = 16;

/**
 * Copies what was planned from this computer into a folder of the guest. First all of it goes into a new folder in there, then
 * each piece is renamed to where it belongs; what is left by a failure or a Cancel is removed.
 */
export async function copyIn(guest: Guest, plan: HostPlan, options: CopyInOptions): Promise<CopyResult> {
  if (isLarge(plan.total) && !(await options.questions.isLargeFine(plan.total))) {
    throw new CancelledError();
  }
  const { signal, user } = options;
  const wait = signal ? { signal } : {};
  const files = await guest.files({ ...wait, ...(user !== undefined && { user }) });
  const folder = checkGuestPath(options.folder);
  if ((await files.stat(folder, wait)).type !== 'directory') {
    throw new BulkheadError(`${printable(folder, 300)} is not a folder in the VM`, { kind: 'usage' });
  }
  rename(plan, options.name);
  await resolveConflicts(plan.roots, guestDestination(files, folder, wait), options.questions, plan.skipped);
  throwIfAborted(signal);
  const staging = joinGuest(folder, `.bulkhead-copy-${randomBytes(6).toString('hex')}`);
  await files.createDirectory(staging, wait);
  try {
    await send(guest, plan, staging, options);
    throwIfAborted(signal);
    await placeAll(files, plan.roots, staging, folder, wait);
  } finally {
    // Also when it was cancelled: with a signal of its own.
    await files.remove(staging, { recursive: true });
  }
  return {
    ...amountOf(plan.roots),
    skipped: plan.skipped.named,
    skippedCount: plan.skipped.count,
    placed: plan.roots.flatMap(({ placing }) =>
      placing.kind === 'skip' ? [] : [joinGuest(folder, placing.name)],
    ),
  };
}

function rename({ roots: [root, ...others] }: HostPlan, name: string | undefined): void {
  if (name === undefined || !root) {
    return;
  }
  if (others.length > 0 || !isEntryName(name)) {
    throw new BulkheadError(`Not a name for what is copied: ${printable(JSON.stringify(name), 300)}`, {
      kind: 'usage',
      next: 'Name a folder that is there, or copy one thing only.',
    });
  }
  root.placing = { kind: 'place', name, replaces: false };
}

function guestDestination(files: GuestFiles, folder: string, wait: WaitOptions): Destination {
  return {
    async look(path) {
      try {
        const { type } = await files.stat(joinGuest(folder, path), { ...wait, followSymlinks: false });
        return type === 'symlink' ? 'other' : type;
      } catch (error) {
        if (isFileError(error, 'ENOENT')) {
          return undefined;
        }
        throw error;
      }
    },
  };
}

async function send(guest: Guest, plan: HostPlan, staging: string, options: CopyInOptions): Promise<void> {
  const total = amountOf(plan.roots);
  let before = 0;
  for (const { root, folder, entries } of plan.pieces) {
    if (root.placing.kind === 'skip') {
      continue;
    }
    const kept = keptEntries(root, entries);
    const { bytes } = amountOf([root]);
    const { onProgress, signal, user } = options;
    const result = await sendTree(
      guest,
      { root: folder, entries: kept, bytes, warnings: [] },
      {
        guestFolder: staging,
        ...(user !== undefined && { user }),
        ...(signal && { signal }),
        ...(onProgress && {
          onProgress: ({ done = 0 }) =>
            onProgress({
              phase: 'copy',
              message: total.files === 1 ? '1 file' : `${total.files} files`,
              done: before + done,
              total: total.bytes,
              unit: 'bytes',
            }),
        }),
      },
    );
    before += bytes;
    for (const warning of result.warnings) {
      plan.skipped.add(warning, 'unreadable');
    }
  }
}

/** In the order of a tar: folders before what is in them. Names are the source's; placing gives them their own. */
function keptEntries(root: CopyNode, entries: ReadonlyMap<CopyNode, HostEntry>): HostEntry[] {
  const kept: HostEntry[] = [];
  const stack = [root];
  for (let node = stack.pop(); node; node = stack.pop()) {
    const entry = entries.get(node);
    if (entry && node.placing.kind !== 'skip') {
      kept.push(entry);
      stack.push(...node.children);
    }
  }
  return kept;
}

async function placeAll(
  files: GuestFiles,
  nodes: readonly CopyNode[],
  from: string,
  to: string,
  wait: WaitOptions,
): Promise<void> {
  const waiting = nodes.filter(({ placing }) => placing.kind === 'place');
  const worker = async () => {
    for (let node = waiting.shift(); node; node = waiting.shift()) {
      throwIfAborted(wait.signal);
      if (node.placing.kind === 'place') {
        const { name, replaces } = node.placing;
        await place(files, joinGuest(from, node.name), joinGuest(to, name), replaces, wait);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  for (const { name, placing, children } of nodes) {
    if (placing.kind === 'merge') {
      await placeAll(files, children, joinGuest(from, name), joinGuest(to, placing.name), wait);
    }
  }
}

/** A source that could not be read never arrived: it has been named as skipped. */
async function place(
  files: GuestFiles,
  from: string,
  to: string,
  overwrite: boolean,
  wait: WaitOptions,
): Promise<void> {
  try {
    await files.rename(from, to, { ...wait, overwrite });
  } catch (error) {
    if (!isFileError(error, 'ENOENT')) {
      throw error;
    }
  }
}
