import type { Disposable } from './disposables';

/** Who wants to hear of an event. A listener must not throw: `fire` calls each of them in turn. */
export class Listeners<T> implements Disposable {
  private readonly listeners = new Set<(value: T) => void>();

  /** Adds a listener until the returned disposable is disposed. */
  readonly add = (listener: (value: T) => void): Disposable => {
    // A wrapper of its own, so that the same function added twice is two listeners.
    const own = (value: T) => listener(value);
    this.listeners.add(own);
    return { dispose: () => void this.listeners.delete(own) };
  };

  fire(value: T): void {
    for (const listener of [...this.listeners]) {
      listener(value);
    }
  }

  dispose(): void {
    this.listeners.clear();
  }
}
