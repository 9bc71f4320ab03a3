import type { Stats } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BulkheadError, messageOf } from '../../core/errors';
import { printable } from '../../core/log';
import type { WaitOptions } from '../../machine/hypervisor';
import { parseExcludes } from '../exclude';
import { type HostEntry, listHostTree } from '../hostTree';
import { type CopyNode, type CopyPlan, copyNode, ENTRIES_MAX, SkippedList, tooMany } from './copyTree';

const NOTHING = parseExcludes([]);

/** A plan whose nodes know the host's entries; `entries` of a root are relative to `folder`. */
export interface HostPlan extends CopyPlan {
  pieces: { root: CopyNode; folder: string; entries: Map<CopyNode, HostEntry> }[];
}

/**
 * What is to be copied into the VM. No link is followed, picked or found: one goes over as a link, so that nothing outside of
 * what was picked does.
 */
export async function surveyHost(sources: readonly string[], options: WaitOptions = {}): Promise<HostPlan> {
  const plan: HostPlan = {
    roots: [],
    total: { files: 0, folders: 0, bytes: 0 },
    skipped: new SkippedList(),
    hasExecutables: false,
    hasRepository: false,
    pieces: [],
  };
  for (const source of sources) {
    await addSource(plan, source, options);
  }
  return plan;
}

async function addSource(plan: HostPlan, source: string, options: WaitOptions): Promise<void> {
  const name = basename(source);
  let stat: Stats;
  let folder: string;
  try {
    stat = await lstat(source);
    // Links on the way to what was picked are the user's own.
    folder = await realpath(dirname(source));
  } catch (error) {
    throw new BulkheadError(`Cannot copy ${printable(source, 300)}: ${messageOf(error)}`, {
      kind: 'usage',
      cause: error,
    });
  }
  const type = stat.isFile()
    ? 'file'
    : stat.isDirectory()
      ? 'directory'
      : stat.isSymbolicLink()
        ? 'symlink'
        : undefined;
  if (!type || name === '') {
    plan.skipped.add(source, 'notAFile');
    return;
  }
  const root = copyNode({
    name,
    source,
    type,
    size: type === 'file' ? stat.size : 0,
    mode: stat.mode & 0o777,
  });
  const entries = new Map<CopyNode, HostEntry>([[root, { path: name, type, stat }]]);
  plan.roots.push(root);
  plan.pieces.push({ root, folder, entries });
  count(plan, root);
  if (type === 'directory') {
    await addTree(plan, root, entries, options);
  }
}

async function addTree(
  plan: HostPlan,
  root: CopyNode,
  entries: Map<CopyNode, HostEntry>,
  options: WaitOptions,
): Promise<void> {
  const tree = await listHostTree(root.source, NOTHING, options.signal);
  if (tree.entries.length > ENTRIES_MAX) {
    throw tooMany(root.source);
  }
  for (const warning of tree.warnings) {
    plan.skipped.add(warning, 'notAFile');
  }
  const folders = new Map<string, CopyNode>([['', root]]);
  for (const { path, type, stat } of tree.entries) {
    const slash = path.lastIndexOf('/');
    const parent = folders.get(slash < 0 ? '' : path.slice(0, slash));
    if (!parent) {
      continue;
    }
    const node = copyNode({
      name: path.slice(slash + 1),
      source: join(root.source, path),
      type,
      size: type === 'file' ? stat.size : 0,
      mode: stat.mode & 0o777,
    });
    parent.children.push(node);
    entries.set(node, { path: `${root.name}/${path}`, type, stat });
    count(plan, node);
    if (type === 'directory') {
      folders.set(path, node);
    }
  }
}

function count(plan: HostPlan, node: CopyNode): void {
  if (node.type === 'directory') {
    plan.total.folders++;
  } else {
    plan.total.files++;
    plan.total.bytes += node.size;
  }
}
