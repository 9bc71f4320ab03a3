import type * as vscode from 'vscode';
import type { Disposable } from '../../core/disposables';

/**
 * Keeps rows in the order they are given in, separators too. VS Code has the property but no type for it (it is a
 * proposal that is not enforced); where it is refused, rows are sorted by their label.
 */
export function inOurOrder<T extends vscode.QuickPickItem>(pick: vscode.QuickPick<T>): vscode.QuickPick<T> {
  try {
    (pick as { sortByLabel?: boolean }).sortByLabel = false;
  } catch {
    // Sorted by label then: less helpful, nothing is lost.
  }
  pick.keepScrollPosition = true;
  return pick;
}

/** Calls `work` at once, and then at most every `ms` milliseconds for as long as it is asked to. */
export function throttled(work: () => void, ms: number): (() => void) & Disposable {
  let timer: NodeJS.Timeout | undefined;
  let again = false;
  let disposed = false;
  const run = () => {
    if (timer || disposed) {
      again = true;
      return;
    }
    work();
    timer = setTimeout(() => {
      timer = undefined;
      if (again) {
        again = false;
        run();
      }
    }, ms);
  };
  const dispose = () => {
    disposed = true;
    clearTimeout(timer);
  };
  return Object.assign(run, { dispose });
}
