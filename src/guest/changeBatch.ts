import type { Disposable } from '../core/disposables';
import type { FileChange } from './guestFiles';

/** Quiet time after which a batch is reported, and the longest a steady stream of changes is held back. */
const QUIET_MS = 100;
const HOLD_MS = 500;
/** More changes than this in one batch are reported as an overflow. */
const BATCH_MAX = 5_000;

/** Collects changes, one a path, and reports them together. */
export class ChangeBatch implements Disposable {
  private changes = new Map<string, FileChange['kind']>();
  private overflowed = false;
  private timer: NodeJS.Timeout | undefined;
  private since = 0;

  constructor(private readonly listener: { onChanges(changes: FileChange[]): void; onOverflow(): void }) {}

  add(change: FileChange): void {
    if (!this.overflowed) {
      this.changes.set(change.path, merge(this.changes.get(change.path), change.kind));
      if (this.changes.size > BATCH_MAX) {
        this.overflow();
      }
    }
    this.schedule();
  }

  overflow(): void {
    this.overflowed = true;
    this.changes.clear();
    this.schedule();
  }

  private schedule(): void {
    const now = performance.now();
    if (this.timer === undefined) {
      this.since = now;
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), Math.max(0, Math.min(QUIET_MS, this.since + HOLD_MS - now)));
  }

  private flush(): void {
    this.timer = undefined;
    const changes = [...this.changes].map(([path, kind]) => ({ path, kind }));
    const { overflowed } = this;
    this.changes = new Map();
    this.overflowed = false;
    if (overflowed) {
      this.listener.onOverflow();
    } else if (changes.length > 0) {
      this.listener.onChanges(changes);
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.changes.clear();
  }
}

function merge(before: FileChange['kind'] | undefined, now: FileChange['kind']): FileChange['kind'] {
  if (before === 'created' && now === 'changed') {
    return 'created';
  }
  return before === 'deleted' && now === 'created' ? 'changed' : now;
}
