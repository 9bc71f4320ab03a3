import type { App } from '../app';
import type { Disposable } from '../core/disposables';
import { messageOf } from '../core/errors';
import type { Log } from '../core/log';
import type { HostSample } from '../machine/hypervisor';

/** A figure that changes every second can't be read: so many samples make one. */
const SAMPLES = 5;
/** After the machine could not be watched though it runs. */
const RETRY_MS = 30_000;

/**
 * What the host measures of one machine, a few seconds at a time. Runs only while somebody can see it: `follow` says
 * of which machine, or of none.
 */
export class Glance implements Disposable {
  private followed: string | undefined;
  private watching: Disposable | undefined;
  private retryTimer: NodeJS.Timeout | undefined;
  private samples: HostSample[] = [];

  /** @param show is given the samples of the last seconds; none if nothing is known */
  constructor(
    private readonly app: Pick<App, 'watchHost'>,
    private readonly log: Log,
    private readonly show: (samples: readonly HostSample[]) => void,
  ) {}

  /** Watches this machine from now on, or nothing. What was shown stays until there is something newer. */
  follow(id: string | undefined): void {
    if (id === this.followed) {
      return;
    }
    this.end();
    this.followed = id;
    if (id !== undefined) {
      this.watch(id);
    }
  }

  dispose(): void {
    this.follow(undefined);
  }

  private watch(id: string): void {
    this.samples = [];
    let first = true;
    this.watching = this.app.watchHost(id, {
      onSample: (sample) => {
        this.samples.push(sample);
        // The first comes at once; what follows is a mean.
        if (first || this.samples.length >= SAMPLES) {
          this.show(this.samples);
          this.samples = [];
          first = false;
        }
      },
      onEnd: (error) => {
        this.log.debug(`${id}: ${messageOf(error)}`);
        this.end();
        this.show([]);
        this.retryTimer = setTimeout(() => this.watch(id), RETRY_MS);
      },
    });
  }

  private end(): void {
    clearTimeout(this.retryTimer);
    this.watching?.dispose();
    this.watching = undefined;
  }
}
