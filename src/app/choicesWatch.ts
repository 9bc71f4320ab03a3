import { mkdirSync, watch } from 'node:fs';
import type { Disposable } from '../core/disposables';
import { messageOf } from '../core/errors';
import { Listeners } from '../core/listeners';
import type { Log } from '../core/log';

/** A file is written under another name and moved: several events, one change. */
const SETTLE_MS = 100;

/** Tells when choices for machines change, whoever changed them: another window or a terminal too. */
export class ChoicesWatch implements Disposable {
  private readonly listeners = new Listeners<void>();
  private watcher: Disposable | undefined;

  constructor(
    private readonly folder: string,
    private readonly log: Log,
  ) {}

  onDidChange(listener: () => void): Disposable {
    const added = this.listeners.add(listener);
    this.watcher ??= this.start();
    return added;
  }

  private start(): Disposable {
    let timer: NodeJS.Timeout | undefined;
    try {
      mkdirSync(this.folder, { recursive: true, mode: 0o700 });
      const watcher = watch(this.folder, { persistent: false }, () => {
        timer ??= setTimeout(() => {
          timer = undefined;
          this.listeners.fire();
        }, SETTLE_MS);
      });
      const failed = (error: unknown) => this.log.debug(`${this.folder} is not watched: ${messageOf(error)}`);
      watcher.on('error', failed);
      return {
        dispose: () => {
          clearTimeout(timer);
          watcher.close();
        },
      };
    } catch (error) {
      // Each use looks into the file itself; only a display is older than it could be.
      this.log.debug(`${this.folder} is not watched: ${messageOf(error)}`);
      return { dispose: () => undefined };
    }
  }

  dispose(): void {
    this.listeners.dispose();
    this.watcher?.dispose();
    this.watcher = undefined;
  }
}
