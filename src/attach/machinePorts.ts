import type { App, PortForward } from '../app';
import { delay } from '../core/deadline';
import type { Disposable } from '../core/disposables';
import { BulkheadError, CancelledError, isCancelled, messageOf } from '../core/errors';
import type { Log } from '../core/log';
import type { ListeningPort } from '../guest/guestWatch';
import type { RememberedPorts } from './rememberedPorts';

export type PortsApp = Pick<App, 'watchPorts' | 'forwardPort'>;

/** A port of the guest: something listens on it, or it is forwarded, or both. */
export interface PortEntry {
  readonly port: number;
  /** The guest's word. */
  readonly listening?: ListeningPort;
  readonly forward?: ForwardStatus;
}

export type ForwardStatus =
  | { readonly kind: 'opening' }
  | { readonly kind: 'open'; readonly localPort: number }
  | { readonly kind: 'failed'; readonly error: Error };

/** Rows that a guest gets; what it listens on beyond is not shown. */
const MAX_LISTENING = 200;
const WATCH_AGAIN_MS = 5_000;
/** A window that is reloaded holds its ports for some seconds yet. */
const TAKEN_PATIENCE_MS = 10_000;
const TAKEN_RETRY_MS = 500;

interface Slot {
  status: ForwardStatus;
  forward?: PortForward;
  readonly stop: AbortController;
}

/** The ports of one running machine: those it listens on, and those that are forwarded to this computer. */
export class MachinePorts implements Disposable {
  private listening: ListeningPort[] = [];
  private readonly slots = new Map<number, Slot>();
  private watching: Disposable | undefined;
  private timer: NodeJS.Timeout | undefined;
  private disposed = false;

  /** `wanted`: what the folder's settings ask to be forwarded. */
  constructor(
    readonly id: string,
    private wanted: readonly number[],
    private readonly app: PortsApp,
    private readonly remembered: RememberedPorts,
    private readonly log: Log,
    private readonly changed: () => void,
  ) {}

  /**
   * Watches, and opens what the settings and the user want. At once, not when something listens: the address is known
   * and taken early, and a page that is open on it works as soon as the server is up.
   */
  start(): void {
    this.watch();
    this.openWanted();
  }

  /** By port. */
  entries(): PortEntry[] {
    const entries = new Map<number, PortEntry>();
    for (const listening of this.listening) {
      entries.set(listening.port, { port: listening.port, listening });
    }
    for (const [port, { status }] of this.slots) {
      entries.set(port, { ...entries.get(port), port, forward: status });
    }
    return [...entries.values()].sort((a, b) => a.port - b.port);
  }

  /**
   * Forwards the port and remembers that; resolves with the local port. `localPort` is taken as it is or not at all;
   * without one it is the one that the port had last, else the same number, else any.
   * @throws BulkheadError of kind `usage` if `localPort` is taken; a forward that was open stays open then
   */
  async forward(port: number, localPort?: number): Promise<number> {
    const open = this.slots.get(port)?.forward;
    if (open && (localPort === undefined || localPort === open.localPort)) {
      return open.localPort;
    }
    const forward =
      localPort === undefined
        ? await this.fill(port)
        : await this.replace(port, await this.app.forwardPort(this.id, port, { localPort }));
    await this.remembered.choose(this.id, port, { forward: true, localPort: forward.localPort });
    return forward.localPort;
  }

  /** The settings have changed: opens what they ask for now, ends what they no longer ask for and nobody chose. */
  change({ added, removed }: { added: readonly number[]; removed: readonly number[] }): void {
    const choices = this.remembered.choices(this.id);
    for (const port of removed) {
      if (choices.get(port)?.forward !== true) {
        this.empty(port);
      }
    }
    this.wanted = [...this.wanted.filter((port) => !removed.includes(port)), ...added];
    this.openWanted();
    this.changed();
  }

  /** Ends the forward, and remembers that too. */
  async stop(port: number): Promise<void> {
    this.empty(port);
    this.changed();
    await this.remembered.choose(this.id, port, { forward: false });
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    this.watching?.dispose();
    for (const port of [...this.slots.keys()]) {
      this.empty(port);
    }
  }

  private watch(): void {
    this.watching = this.app.watchPorts(this.id, {
      onPorts: (ports) => {
        this.listening = ports.slice(0, MAX_LISTENING);
        this.changed();
      },
      onEnd: (error) => {
        if (this.disposed) {
          return;
        }
        this.log.debug(`${this.id}: its ports are not watched for now: ${messageOf(error)}`);
        this.listening = [];
        this.changed();
        // The machine runs as far as is known: the connection was lost, and the forwards with it.
        this.timer = setTimeout(() => {
          this.watch();
          this.openWanted();
        }, WATCH_AGAIN_MS);
      },
    });
  }

  private openWanted(): void {
    const choices = this.remembered.choices(this.id);
    const wanted = new Set(this.wanted.filter((port) => choices.get(port)?.forward !== false));
    for (const [port, { forward }] of choices) {
      if (forward) {
        wanted.add(port);
      }
    }
    for (const port of wanted) {
      const kind = this.slots.get(port)?.status.kind;
      if (kind === undefined || kind === 'failed') {
        this.fill(port).catch((error: unknown) => {
          if (!isCancelled(error)) {
            this.log.warn(`${this.id}: port ${port} is not forwarded: ${messageOf(error)}`);
          }
        });
      }
    }
  }

  /** Opens a forward on the local port that it had last, else on what is free. */
  private async fill(port: number): Promise<PortForward> {
    this.empty(port);
    const slot: Slot = { status: { kind: 'opening' }, stop: new AbortController() };
    this.slots.set(port, slot);
    this.changed();
    try {
      const forward = await this.openOnLast(port, slot.stop.signal);
      if (this.slots.get(port) !== slot || this.disposed) {
        forward.dispose();
        throw new CancelledError();
      }
      return this.keep(slot, port, forward);
    } catch (error) {
      if (this.slots.get(port) === slot) {
        const failure = error instanceof Error ? error : new Error(messageOf(error));
        slot.status = { kind: 'failed', error: failure };
        this.changed();
      }
      throw error;
    }
  }

  private async openOnLast(port: number, signal: AbortSignal): Promise<PortForward> {
    const last = this.remembered.choices(this.id).get(port)?.localPort;
    const end = Date.now() + TAKEN_PATIENCE_MS;
    while (last !== undefined) {
      try {
        return await this.app.forwardPort(this.id, port, { signal, localPort: last });
      } catch (error) {
        if (!(error instanceof BulkheadError) || error.kind !== 'usage') {
          throw error;
        }
        if (Date.now() >= end) {
          this.log.info(`${this.id}: port ${port} gets another local port: ${messageOf(error)}`);
          break;
        }
        await delay(TAKEN_RETRY_MS, signal);
      }
    }
    return this.app.forwardPort(this.id, port, { signal });
  }

  private replace(port: number, forward: PortForward): PortForward {
    if (this.disposed) {
      forward.dispose();
      throw new CancelledError();
    }
    this.empty(port);
    const slot: Slot = { status: { kind: 'opening' }, stop: new AbortController() };
    this.slots.set(port, slot);
    return this.keep(slot, port, forward);
  }

  private keep(slot: Slot, port: number, forward: PortForward): PortForward {
    slot.forward = forward;
    slot.status = { kind: 'open', localPort: forward.localPort };
    this.changed();
    const closed = (error: Error | undefined) => {
      if (this.slots.get(port) !== slot || this.disposed) {
        return;
      }
      delete slot.forward;
      slot.status = { kind: 'failed', error: error ?? new Error('The connection to the machine ended') };
      this.changed();
    };
    forward.closed.then(closed, (error: unknown) =>
      closed(error instanceof Error ? error : new Error(messageOf(error))),
    );
    return forward;
  }

  private empty(port: number): void {
    const slot = this.slots.get(port);
    this.slots.delete(port);
    slot?.stop.abort();
    slot?.forward?.dispose();
  }
}
