import type { Disposable } from '../core/disposables';
import { messageOf } from '../core/errors';
import type { Log } from '../core/log';
import type { NetworkRow } from '../network/networkService';
import { isAllowableName } from '../settings/hostRule';

/** A host that a guest asked for and did not get. Its name is the guest's word. */
export interface DeniedHost {
  readonly host: string;
  readonly port: number;
}

/** What the user is told: one host, or several in one sentence. Never empty. */
export interface DenialNotice {
  readonly machineId: string;
  readonly hosts: readonly DeniedHost[];
}

/** Tools ask for several hosts at once: one notice for them. */
const SETTLE_MS = 1_500;
/** From one notice to the next, whatever the guest does. */
const PAUSE_MS = 10_000;
/** Of one machine in one window; after them the view alone has it. */
const MAX_NOTICES = 20;
/** Hosts that are remembered as told, a machine: a guest can think of any number. */
const MAX_TOLD = 1_000;
/** Hosts of one notice. */
export const MAX_NAMED = 20;
/** A notice that nobody answers makes way for the next. VS Code hides it by then. */
const NOTICE_MS = 30_000;

interface Told {
  readonly hosts: Set<string>;
  notices: number;
}

/**
 * Decides of which denied hosts the user is told: each once, one notice at a time, with a pause between them, and at most so
 * many. The guest decides what it asks for, so none of this may depend on its good will.
 */
export class NewDenials implements Disposable {
  private readonly told = new Map<string, Told>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly waiting = new Set<string>();
  private showing = false;
  private disposed = false;

  /**
   * `denied`: what the machine was denied since this window follows it, newest first. `present` resolves when the user has
   * answered or dismissed the notice.
   */
  constructor(
    private readonly denied: (machineId: string) => readonly DeniedHost[],
    private readonly present: (notice: DenialNotice) => Promise<void>,
    private readonly log: Log,
  ) {}

  /** To be called whenever the machine's requests change. */
  look(machineId: string): void {
    const told = this.told.get(machineId);
    if (this.disposed || this.timers.has(machineId) || (told && told.notices >= MAX_NOTICES)) {
      return;
    }
    if (this.fresh(machineId).length > 0) {
      // Not restarted by the next denial: a guest that asks for ever must not put this off for ever.
      this.after(machineId, SETTLE_MS);
    }
  }

  dispose(): void {
    this.disposed = true;
    for (const timer of this.timers.values()) {
      clearTimeout(timer);
    }
    this.timers.clear();
  }

  private after(machineId: string, ms: number): void {
    const timer = setTimeout(() => {
      this.timers.delete(machineId);
      this.waiting.add(machineId);
      this.next();
    }, ms);
    this.timers.set(machineId, timer);
  }

  private fresh(machineId: string): DeniedHost[] {
    const told = this.told.get(machineId)?.hosts;
    return this.denied(machineId).filter((denied) => !told?.has(keyOf(denied)));
  }

  private next(): void {
    const [machineId] = this.waiting;
    if (machineId === undefined || this.showing || this.disposed) {
      return;
    }
    this.waiting.delete(machineId);
    const told = this.told.get(machineId) ?? { hosts: new Set<string>(), notices: 0 };
    this.told.set(machineId, told);
    const hosts = this.fresh(machineId);
    if (hosts.length === 0 || told.notices >= MAX_NOTICES) {
      this.next();
      return;
    }
    told.notices += 1;
    for (const host of hosts) {
      if (told.hosts.size < MAX_TOLD) {
        told.hosts.add(keyOf(host));
      }
    }
    this.showing = true;
    this.show({ machineId, hosts: hosts.slice(0, MAX_NAMED) }).catch((error: unknown) =>
      this.log.error(messageOf(error)),
    );
  }

  private async show(notice: DenialNotice): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, NOTICE_MS);
    });
    const began = Date.now();
    try {
      await Promise.race([this.present(notice), waited]);
    } finally {
      clearTimeout(timer);
      const pause = setTimeout(
        () => {
          this.timers.delete('');
          this.showing = false;
          this.look(notice.machineId);
          this.next();
        },
        Math.max(0, PAUSE_MS - (Date.now() - began)),
      );
      if (this.disposed) {
        clearTimeout(pause);
      } else {
        // No machine has this id.
        this.timers.set('', pause);
      }
    }
  }
}

function keyOf({ host, port }: DeniedHost): string {
  return `${host}:${port}`;
}

/**
 * Of a machine's rows those that a decision of the user would let through: a host that no rule names. Names that no rule
 * can hold (addresses, odd characters) stand in the view alone.
 */
export function deniedHosts(rows: readonly NetworkRow[], since: number): DeniedHost[] {
  return rows
    .filter(
      ({ host, allowed, reason, lastAt }) =>
        !allowed && reason === 'host' && lastAt >= since && isAllowableName(host),
    )
    .map(({ host, port }) => ({ host, port }));
}

/** The rule for one host and port: without a port it is 80 and 443. */
export function ruleFor({ host, port }: DeniedHost): string {
  return port === 80 || port === 443 ? host : `${host}:${port}`;
}
