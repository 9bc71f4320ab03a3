import type { App } from '../app';
import { type Disposable, DisposableList } from '../core/disposables';
import { messageOf } from '../core/errors';
import { Listeners } from '../core/listeners';
import type { Log } from '../core/log';
import type { NetworkRow } from '../network/networkService';
import type { Attachments } from './attachments';

/** A watch that ended although the machine is there is begun again after this. */
const WATCH_AGAIN_MS = 5_000;

interface Followed {
  rows: NetworkRow[];
  watch?: Disposable;
  timer?: NodeJS.Timeout;
  /** Milliseconds since the epoch: what was asked for earlier is no news in this window. */
  readonly since: number;
}

/** Who looks at the requests. Without any of them nothing is watched. */
export type Onlooker = 'view' | 'notices';

/** What the guests of this window's machines ask for, newest first, as long as somebody looks. */
export class NetworkRequests implements Disposable {
  private readonly machines = new Map<string, Followed>();
  private readonly onlookers = new Set<Onlooker>();
  private readonly disposables = new DisposableList();
  private readonly changes = new Listeners<string>();
  /** Fires with the id of the machine whose requests changed, or that came or went. */
  readonly onDidChange = this.changes.add;

  constructor(
    private readonly app: Pick<App, 'watchNetwork'>,
    attachments: Pick<Attachments, 'onDidChange'>,
    private readonly log: Log,
  ) {
    this.disposables.add(
      attachments.onDidChange(({ attachment, status }) => {
        if (status.kind === 'attached') {
          this.follow(attachment.id);
        } else {
          this.leave(attachment.id);
        }
      }),
    );
  }

  list(): string[] {
    return [...this.machines.keys()];
  }

  /** Empty for a machine that is not followed. */
  rows(id: string): readonly NetworkRow[] {
    return this.machines.get(id)?.rows ?? [];
  }

  /** Since when the machine is followed; milliseconds since the epoch. */
  since(id: string): number {
    return this.machines.get(id)?.since ?? Number.POSITIVE_INFINITY;
  }

  look(who: Onlooker, looks: boolean): void {
    if (looks) {
      this.onlookers.add(who);
    } else {
      this.onlookers.delete(who);
    }
    for (const [id, machine] of this.machines) {
      this.settle(id, machine);
    }
  }

  dispose(): void {
    this.disposables.dispose();
    for (const id of this.list()) {
      this.leave(id);
    }
    this.changes.dispose();
  }

  private follow(id: string): void {
    if (!this.machines.has(id)) {
      const machine: Followed = { rows: [], since: Date.now() };
      this.machines.set(id, machine);
      this.settle(id, machine);
      this.changes.fire(id);
    }
  }

  private leave(id: string): void {
    const machine = this.machines.get(id);
    if (machine) {
      this.machines.delete(id);
      clearTimeout(machine.timer);
      machine.watch?.dispose();
      this.changes.fire(id);
    }
  }

  private settle(id: string, machine: Followed): void {
    if (this.onlookers.size === 0) {
      clearTimeout(machine.timer);
      machine.watch?.dispose();
      delete machine.watch;
      delete machine.timer;
    } else if (!machine.watch && !machine.timer) {
      machine.watch = this.app.watchNetwork(id, {
        onRows: (rows) => {
          machine.rows = rows;
          this.changes.fire(id);
        },
        onEnd: (error) => {
          delete machine.watch;
          if (this.machines.get(id) === machine && this.onlookers.size > 0) {
            this.log.debug(`${id}: its requests are not watched: ${messageOf(error)}`);
            machine.timer = setTimeout(() => {
              delete machine.timer;
              this.settle(id, machine);
            }, WATCH_AGAIN_MS);
          }
        },
      });
    }
  }
}
