import type { App, DiskUse } from '../../app';
import type { PortEntry } from '../../attach/machinePorts';
import type { Disposable } from '../../core/disposables';
import { messageOf } from '../../core/errors';
import { Listeners } from '../../core/listeners';
import type { Read } from './detailRows';

/** A reading is good for this long; a view that is shown asks again after it. */
const FRESH_MS = 10_000;

interface Kept<T> {
  read: Read<T>;
  /** Milliseconds of `performance.now()`. */
  since: number;
}

/** Reads, in the background, what a machine's labels don't say. Rows are shown at once and filled in when it is there. */
export class DetailReader implements Disposable {
  private readonly disks = new Map<string, Kept<DiskUse>>();
  private readonly portLists = new Map<string, Kept<PortEntry[]>>();
  private readonly changes = new Listeners<{ id: string; detail: 'disk' | 'ports' }>();
  readonly onDidChange = this.changes.add;
  private disposed = false;

  constructor(private readonly app: Pick<App, 'diskUse' | 'ports'>) {}

  disk(id: string): Read<DiskUse> {
    return this.disks.get(id)?.read;
  }

  ports(id: string): Read<PortEntry[]> {
    return this.portLists.get(id)?.read;
  }

  /** Somebody looks at the machine's disk. */
  wantDisk(id: string): void {
    this.want(this.disks, id, 'disk', () => this.app.diskUse(id));
  }

  /** Somebody looks at the ports of a machine that this window does not follow. */
  wantPorts(id: string): void {
    this.want(this.portLists, id, 'ports', async () =>
      (await this.app.ports(id)).map((listening) => ({ port: listening.port, listening })),
    );
  }

  /** The machine's state has changed: what was read is read again when somebody looks; until then it stands. */
  expire(id: string): void {
    for (const kept of [this.disks.get(id), this.portLists.get(id)]) {
      if (kept) {
        kept.since = Number.NEGATIVE_INFINITY;
      }
    }
  }

  dispose(): void {
    this.disposed = true;
    this.changes.dispose();
  }

  private want<T>(
    kept: Map<string, Kept<T>>,
    id: string,
    detail: 'disk' | 'ports',
    read: () => Promise<T>,
  ): void {
    const before = kept.get(id);
    const now = performance.now();
    if (before && now - before.since < FRESH_MS) {
      return;
    }
    const entry: Kept<T> = { read: before?.read, since: now };
    kept.set(id, entry);
    const done = (outcome: Read<T>) => {
      if (kept.get(id) === entry && !this.disposed) {
        entry.read = outcome;
        this.changes.fire({ id, detail });
      }
    };
    read().then(
      (value) => done({ value }),
      (error: unknown) => done({ failure: error instanceof Error ? error : new Error(messageOf(error)) }),
    );
  }
}
