import type { PlannedChange } from '../apply/planApply';
import type { HostState } from '../host/hostPath';
import type { Baseline, BaselineEntry } from './baseline';

/**
 * Both sides now have the same at these paths (or the user decided what this computer has): the next look begins from there.
 * @returns what the baseline said before
 */
export function moveBaseline(
  baseline: Baseline,
  changes: readonly PlannedChange[],
): [string, BaselineEntry | null][] {
  const before: [string, BaselineEntry | null][] = [];
  const set = (path: string, entry: BaselineEntry | undefined) => {
    before.push([path, baseline.entries.get(path) ?? null]);
    if (entry) {
      baseline.entries.set(path, entry);
    } else {
      baseline.entries.delete(path);
    }
  };
  const emptied = new Set<string>();
  for (const { steps, looked, isWhole } of changes) {
    for (const { step } of steps) {
      const entry = entryOf(step.after);
      const { guest } = looked;
      if (entry && isWhole && guest.sha256 !== undefined && guest.sha256 !== entry.sha256) {
        entry.settled = guest.sha256;
      }
      set(step.path, entry);
      if (!entry) {
        for (let path = parentOf(step.path); path !== ''; path = parentOf(path)) {
          emptied.add(path);
        }
      }
    }
  }
  for (const [path, { type }] of baseline.entries) {
    if (type !== 'directory' || !emptied.has(path)) {
      for (let parent = parentOf(path); emptied.size > 0 && parent !== ''; parent = parentOf(parent)) {
        emptied.delete(parent);
      }
    }
  }
  for (const path of emptied) {
    if (baseline.entries.has(path)) {
      set(path, undefined);
    }
  }
  return before;
}

/** Goes back to what the baseline said before an apply that was undone. */
export function restoreBaseline(
  baseline: Baseline,
  before: readonly [string, BaselineEntry | null][],
  restored: ReadonlySet<string>,
): void {
  for (const [path, entry] of before) {
    if (!restored.has(path) && entry?.type !== 'directory') {
      continue;
    }
    if (entry) {
      baseline.entries.set(path, entry);
    } else {
      baseline.entries.delete(path);
    }
  }
}

function entryOf(state: HostState): BaselineEntry | undefined {
  switch (state.type) {
    case 'file':
      return { type: 'file', mode: state.mode, size: state.size, sha256: state.sha256 };
    case 'symlink':
      return { type: 'symlink', mode: 0o777, size: 0, target: state.target };
    case 'directory':
      return { type: 'directory', mode: state.mode, size: 0 };
    default:
      return undefined;
  }
}

function parentOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end < 0 ? '' : path.slice(0, end);
}
