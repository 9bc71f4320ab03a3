import { setMaxListeners } from 'node:events';
import type { Disposable } from '../core/disposables';
import { EXIT } from '../core/errors';
import type { SignalSource } from './terminal';

const NAMES = ['SIGINT', 'SIGTERM'] as const;
export type InterruptName = (typeof NAMES)[number];

/**
 * Turns SIGINT and SIGTERM into a cancellation that leaves nothing half-made. The second one ends
 * the process at once, because whoever presses Ctrl-C twice has stopped waiting.
 */
export class Interruption implements Disposable {
  private readonly controller = new AbortController();
  private readonly listeners = new Map<InterruptName, () => void>();
  private receiver: ((name: InterruptName) => void) | undefined;
  private count = 0;

  constructor(
    private readonly source: SignalSource,
    private readonly exit: (code: number) => void,
  ) {
    // Every wait of a command listens to this one signal; Node warns from the eleventh on.
    setMaxListeners(0, this.controller.signal);
    for (const name of NAMES) {
      const listener = () => this.arrived(name);
      this.listeners.set(name, listener);
      source.on(name, listener);
    }
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Stops the command from inside (a closed stdout), as Ctrl-C would from outside. */
  abort(): void {
    this.controller.abort();
  }

  /** While in force, the first signal goes to `receiver` (a process in the guest) instead of cancelling the command. */
  handOver(receiver: (name: InterruptName) => void): Disposable {
    this.receiver = receiver;
    return {
      dispose: () => {
        this.receiver = undefined;
      },
    };
  }

  dispose(): void {
    for (const [name, listener] of this.listeners) {
      this.source.off(name, listener);
    }
    this.listeners.clear();
  }

  private arrived(name: InterruptName): void {
    this.count += 1;
    if (this.count > 1) {
      this.exit(EXIT.cancelled);
    } else if (this.receiver) {
      this.receiver(name);
    } else {
      this.controller.abort();
    }
  }
}
