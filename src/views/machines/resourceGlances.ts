import type { App, ResourceSample } from '../../app';
import type { Disposable } from '../../core/disposables';
import { messageOf } from '../../core/errors';
import { Listeners } from '../../core/listeners';
import type { Log } from '../../core/log';

/** Machines that are sampled at a time: each sample costs the host and the guest a little. */
export const MAX_GLANCES = 3;

/** The newest sample of the few machines that a view shows. */
export class ResourceGlances implements Disposable {
  private readonly watched = new Map<string, { watching: Disposable; sample?: ResourceSample }>();
  private readonly changes = new Listeners<string>();
  /** Fires with the machine's id. */
  readonly onDidChange = this.changes.add;

  constructor(
    private readonly app: Pick<App, 'watchResources'>,
    private readonly log: Log,
  ) {}

  get(id: string): ResourceSample | undefined {
    return this.watched.get(id)?.sample;
  }

  /** Samples the first few of these machines, and no others. One whose samples have ended is asked again. */
  follow(ids: readonly string[]): void {
    const wanted = ids.slice(0, MAX_GLANCES);
    for (const [id, { watching }] of this.watched) {
      if (!wanted.includes(id)) {
        this.watched.delete(id);
        watching.dispose();
      }
    }
    for (const id of wanted) {
      if (!this.watched.has(id)) {
        this.watch(id);
      }
    }
  }

  dispose(): void {
    this.follow([]);
    this.changes.dispose();
  }

  private watch(id: string): void {
    const entry: { watching: Disposable; sample?: ResourceSample } = {
      watching: { dispose: () => undefined },
    };
    this.watched.set(id, entry);
    const isCurrent = () => this.watched.get(id) === entry;
    entry.watching = this.app.watchResources(id, {
      onSample: (sample) => {
        if (isCurrent()) {
          entry.sample = sample;
          this.changes.fire(id);
        }
      },
      onEnd: (error) => {
        if (isCurrent()) {
          this.log.debug(`${id}: its resources are not watched: ${messageOf(error)}`);
          this.watched.delete(id);
          this.changes.fire(id);
        }
      },
    });
    if (!isCurrent()) {
      entry.watching.dispose();
    }
  }
}
