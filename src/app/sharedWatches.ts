import type { Disposable } from '../core/disposables';
import { messageOf } from '../core/errors';
import type { MachineEnds } from './machineEnds';

export interface WatchListener<T> {
  onValue(value: T): void;
  /** Nothing follows. */
  onEnd(error: Error): void;
}

/** Tells values of one machine until `signal` aborts; rejects if there can't be any more. */
export type WatchSource<T> = (id: string, tell: (value: T) => void, signal: AbortSignal) => Promise<void>;

interface Watch<T> {
  listeners: Set<WatchListener<T>>;
  controller: AbortController;
  end: Disposable;
  last?: { value: T };
}

/** One source a machine for all who listen: it begins with the first of them, and ends with the last or with the machine. */
export class SharedWatches<T> implements Disposable {
  private readonly watches = new Map<string, Watch<T>>();

  /** `replay`: who comes later is told the last value at once. */
  constructor(
    private readonly ends: MachineEnds,
    private readonly source: WatchSource<T>,
    private readonly options: { replay: boolean },
  ) {}

  watch(id: string, listener: WatchListener<T>): Disposable {
    // An object of its own, so that the same listener twice is two.
    const own: WatchListener<T> = {
      onValue: (value) => listener.onValue(value),
      onEnd: (error) => listener.onEnd(error),
    };
    const watch = this.watches.get(id) ?? this.begin(id);
    watch.listeners.add(own);
    if (this.options.replay && watch.last) {
      own.onValue(watch.last.value);
    }
    return {
      dispose: () => {
        watch.listeners.delete(own);
        if (watch.listeners.size === 0) {
          this.stop(id, watch);
        }
      },
    };
  }

  /** What was told last, if somebody watches. */
  last(id: string): T | undefined {
    return this.watches.get(id)?.last?.value;
  }

  dispose(): void {
    for (const [id, watch] of [...this.watches]) {
      watch.listeners.clear();
      this.stop(id, watch);
    }
  }

  private begin(id: string): Watch<T> {
    const controller = new AbortController();
    const fail = (error: Error) => {
      const listeners = [...watch.listeners];
      watch.listeners.clear();
      this.stop(id, watch);
      for (const listener of listeners) {
        listener.onEnd(error);
      }
    };
    const watch: Watch<T> = {
      listeners: new Set(),
      controller,
      end: this.ends.watch(id, fail),
    };
    this.watches.set(id, watch);
    const tell = (value: T) => {
      watch.last = { value };
      for (const listener of [...watch.listeners]) {
        listener.onValue(value);
      }
    };
    this.source(id, tell, controller.signal).catch((error: unknown) => {
      if (!controller.signal.aborted) {
        fail(error instanceof Error ? error : new Error(messageOf(error)));
      }
    });
    return watch;
  }

  private stop(id: string, watch: Watch<T>): void {
    watch.controller.abort();
    watch.end.dispose();
    if (this.watches.get(id) === watch) {
      this.watches.delete(id);
    }
  }
}
