import type { Disposable } from '../core/disposables';
import { messageOf } from '../core/errors';
import type { Log } from '../core/log';
import type { PortEntry } from './machinePorts';
import type { RememberedPorts } from './rememberedPorts';

/** What the user is told: of one port, or that there are many. */
export type PortNotice =
  | { readonly kind: 'one'; readonly machineId: string; readonly entry: PortEntry }
  | { readonly kind: 'many'; readonly machineId: string; readonly count: number };

/** A port that is gone sooner was somebody's for a moment (a test run, a probe). */
const SETTLE_MS = 1_500;
/** More than these at once are one notice. */
const MAX_AT_ONCE = 3;
/** Of one machine and window: a hostile guest could open one port after the other for ever. */
const MAX_NOTICES = 10;
/** A notice that nobody answers makes way for the next. VS Code hides it by then. */
const NOTICE_MS = 20_000;
/** Linux' `ip_local_port_range`: on the loopback these are programs that talk to themselves. */
const EPHEMERAL = { first: 32_768, last: 60_999 };

/** Decides of which listening ports the user is told: each once, when it stays, one at a time, and never in a storm. */
export class NewPorts implements Disposable {
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly given = new Map<string, number>();
  private queue: Promise<void> = Promise.resolve();
  private readonly seen = new Map<string, Set<number>>();
  private disposed = false;

  /** `present` resolves when the user has answered or dismissed the notice. */
  constructor(
    private readonly entries: (machineId: string) => PortEntry[],
    private readonly remembered: RememberedPorts,
    private readonly present: (notice: PortNotice) => Promise<void>,
    private readonly log: Log,
  ) {}

  /** To be called whenever the machine's ports change. */
  look(machineId: string): void {
    const isNew = this.candidates(machineId).length > 0;
    if (isNew && !this.timers.has(machineId) && !this.disposed) {
      // Not restarted by the next port: a guest that opens one each second must not put this off for ever.
      const timer = setTimeout(() => {
        this.timers.delete(machineId);
        this.announce(machineId).catch((error: unknown) => this.log.error(messageOf(error)));
      }, SETTLE_MS);
      this.timers.set(machineId, timer);
    }
  }

  dispose(): void {
    this.disposed = true;
    for (const timer of this.timers.values()) {
      clearTimeout(timer);
    }
    this.timers.clear();
  }

  private candidates(machineId: string): PortEntry[] {
    const seen = this.seen.get(machineId);
    return this.entries(machineId).filter(
      ({ port, listening }) =>
        listening !== undefined &&
        !seen?.has(port) &&
        !(listening.address === 'loopback' && port >= EPHEMERAL.first && port <= EPHEMERAL.last),
    );
  }

  private async announce(machineId: string): Promise<void> {
    if (this.remembered.noticesOff) {
      return;
    }
    const seen = this.seen.get(machineId) ?? new Set<number>();
    this.seen.set(machineId, seen);
    const fresh: PortEntry[] = [];
    for (const entry of this.candidates(machineId)) {
      seen.add(entry.port);
      if (await this.remembered.announce(machineId, entry.port)) {
        fresh.push(entry);
      }
    }
    if (fresh.length > MAX_AT_ONCE) {
      this.enqueue({ kind: 'many', machineId, count: fresh.length });
    } else {
      for (const entry of fresh) {
        this.enqueue({ kind: 'one', machineId, entry });
      }
    }
  }

  private enqueue(notice: PortNotice): void {
    const given = (this.given.get(notice.machineId) ?? 0) + 1;
    if (given > MAX_NOTICES) {
      return;
    }
    this.given.set(notice.machineId, given);
    this.queue = this.queue.then(() => this.show(notice));
  }

  private async show(notice: PortNotice): Promise<void> {
    if (this.disposed || this.remembered.noticesOff) {
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, NOTICE_MS);
    });
    const answered = this.present(notice).catch((error: unknown) => this.log.error(messageOf(error)));
    await Promise.race([answered, waited]);
    clearTimeout(timer);
  }
}
