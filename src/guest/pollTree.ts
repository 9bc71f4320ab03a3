import { delay } from '../core/deadline';
import { isCancelled } from '../core/errors';
import type { ChangeBatch } from './changeBatch';
import { parseExcludes } from './exclude';
import { joinGuest } from './guestPath';
import type { WatchContext, WatchOptions } from './watch';

const POLL_MS = 5_000;
/** A larger tree isn't compared entry by entry: each round says "look at everything again". */
const ENTRIES_MAX = 10_000;

/** Reports changes by listing the tree again and again, until `signal` aborts. */
export async function pollTree(
  context: WatchContext,
  root: string,
  options: WatchOptions,
  batch: ChangeBatch,
  signal: AbortSignal,
): Promise<void> {
  let before = await snapshot(context, root, options, signal);
  for (;;) {
    await delay(POLL_MS, signal);
    const now = await snapshot(context, root, options, signal);
    if (!before || !now) {
      batch.overflow();
    } else {
      report(before, now, batch);
    }
    before = now;
  }
}

function report(before: Map<string, string>, now: Map<string, string>, batch: ChangeBatch): void {
  for (const [path, state] of now) {
    const old = before.get(path);
    if (old !== state) {
      batch.add({ path, kind: old === undefined ? 'created' : 'changed' });
    }
  }
  for (const path of before.keys()) {
    if (!now.has(path)) {
      batch.add({ path, kind: 'deleted' });
    }
  }
}

/** Path → what tells two states apart; undefined if the tree is too large or can't be read. */
async function snapshot(
  context: WatchContext,
  root: string,
  options: WatchOptions,
  signal: AbortSignal,
): Promise<Map<string, string> | undefined> {
  const excludes = parseExcludes(options.excludes);
  const states = new Map<string, string>();
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    try {
      const entries = await context.files.readDirectory(folder, { limit: ENTRIES_MAX - states.size, signal });
      for (const entry of entries) {
        const path = joinGuest(folder, entry.name);
        if (excludes.excludes(path.slice(root === '/' ? 1 : root.length + 1))) {
          continue;
        }
        states.set(path, `${entry.type} ${entry.size} ${entry.mtimeMs} ${entry.mode}`);
        if (options.recursive && entry.type === 'directory') {
          folders.push(path);
        }
      }
    } catch (error) {
      if (isCancelled(error)) {
        throw error;
      }
      if (folder === root || states.size >= ENTRIES_MAX - 1) {
        return undefined;
      }
    }
  }
  return states;
}
