/** Anything that must be let go of; the shape VS Code's own disposables have. */
export interface Disposable {
  dispose(): void;
}

/** Disposes what it holds, last first; what is added after that is disposed at once. */
export class DisposableList implements Disposable {
  private items: Disposable[] = [];
  private disposed = false;

  add<T extends Disposable>(item: T): T {
    if (this.disposed) {
      item.dispose();
    } else {
      this.items.push(item);
    }
    return item;
  }

  dispose(): void {
    this.disposed = true;
    const items = this.items.reverse();
    this.items = [];
    for (const item of items) {
      item.dispose();
    }
  }
}
