import type { App, ResourceSample } from '../../app';
import { withDeadline } from '../../core/deadline';
import type { Disposable } from '../../core/disposables';
import { BulkheadError, messageOf } from '../../core/errors';
import { type Log, printable } from '../../core/log';
import type { MachineInfo } from '../../machine/hypervisor';
import { frameOf, headOf, processesOf, spaceOf } from './resourceFrame';
import { type ResourceHistories, type ResourceHistory, WINDOW_MS } from './resourceHistory';
import type { MachineHead, Space, ToPage, Watch } from './resourceMessages';
import type { ResourceSelection } from './resourceSelection';

export type FeedApp = Pick<App, 'list' | 'watchResources' | 'diskUse' | 'onDidChangeMachines'>;

/** After the machine or the engine could not be asked. */
const RETRY_MS = 5_000;
/** Layers change with the image only; the upper disk's size comes with every sample. */
const SPACE_EVERY_MS = 60_000;
/** A list that takes longer will not come. */
const LIST_MS = 30_000;
const SPACE_MS = 60_000;

/**
 * Feeds one page with one machine's figures. While the page can't be seen (`stop`), nothing runs: no sample, no
 * timer, no event stream.
 */
export class ResourceFeed implements Disposable {
  private running: Run | undefined;
  private last: Run | undefined;

  constructor(
    private readonly app: FeedApp,
    private readonly selection: ResourceSelection,
    private readonly histories: ResourceHistories,
    private readonly texts: Record<string, string>,
    private readonly log: Log,
    private readonly post: (message: ToPage) => void,
  ) {}

  /** The page is there (again) and knows nothing. */
  start(): void {
    this.stop();
    const { app, selection, histories, texts, log, post } = this;
    this.running = new Run(app, selection, histories, texts, log, post, this.last);
    this.last = this.running;
    this.running.refresh();
  }

  /** The machine that is shown. */
  get machineId(): string | undefined {
    return this.running?.machineId;
  }

  /** Looks again at once; does nothing while the page can't be seen. */
  retry(): void {
    this.running?.refresh();
  }

  stop(): void {
    this.running?.dispose();
    this.running = undefined;
  }

  dispose(): void {
    this.stop();
  }
}

/** From one showing of the page to its hiding. */
class Run implements Disposable {
  private readonly ended = new AbortController();
  private readonly following: Disposable[];
  private machine: MachineInfo | undefined;
  private head: MachineHead | undefined;
  private watch: Watch = { kind: 'loading' };
  private space: Space | undefined;
  private watching: Disposable | undefined;
  /** Why the last watch ended, until it is known whether the machine still runs. */
  private endedWith: Error | undefined;
  private retryTimer: NodeJS.Timeout | undefined;
  private spaceTimer: NodeJS.Timeout | undefined;
  private asked = 0;
  private spaceAsked = 0;
  /** Machine and state that the disk use was asked for. */
  private seen = '';

  constructor(
    private readonly app: FeedApp,
    private readonly selection: ResourceSelection,
    private readonly histories: ResourceHistories,
    private readonly texts: Record<string, string>,
    private readonly log: Log,
    private readonly post: (message: ToPage) => void,
    before: Run | undefined,
  ) {
    // What was shown last is shown until it is known anew.
    this.machine = before?.machine;
    this.head = before?.head;
    this.space = before?.space;
    this.following = [
      selection.onDidChange(() => this.refresh()),
      app.onDidChangeMachines(() => this.refresh()),
    ];
    this.show();
  }

  get machineId(): string | undefined {
    return this.machine?.id;
  }

  refresh(): void {
    clearTimeout(this.retryTimer);
    void this.look(++this.asked);
  }

  dispose(): void {
    this.ended.abort();
    clearTimeout(this.retryTimer);
    clearTimeout(this.spaceTimer);
    for (const disposable of this.following) {
      disposable.dispose();
    }
    this.unwatch();
  }

  private async look(asked: number): Promise<void> {
    const stale = () => asked !== this.asked || this.ended.signal.aborted;
    try {
      const wait = { what: 'The list of machines', ms: LIST_MS, signal: this.ended.signal };
      const machines = await withDeadline(wait, (signal) => this.app.list({ signal }));
      if (!stale()) {
        this.follow(this.selection.of(machines), machines.length > 0);
      }
    } catch (error) {
      if (!stale()) {
        this.lose(error);
      }
    }
  }

  private follow(machine: MachineInfo | undefined, others: boolean): void {
    const before = this.machine;
    this.machine = machine;
    this.head = machine && headOf(machine);
    if (machine?.id !== before?.id || machine?.state !== 'running') {
      this.unwatch();
      this.endedWith = undefined;
    }
    if (!machine) {
      this.seen = '';
      this.spaceAsked++;
      clearTimeout(this.spaceTimer);
      this.say({ kind: 'none', others });
      return;
    }
    if (machine.id !== before?.id) {
      this.space = undefined;
      this.watch = machine.state === 'running' ? { kind: 'loading' } : { kind: 'resting' };
      this.show();
    }
    const seen = `${machine.id} ${machine.state}`;
    if (seen !== this.seen) {
      this.seen = seen;
      void this.askSpace(machine.id);
    }
    if (machine.state === 'running') {
      this.sample(machine.id);
    } else {
      this.say({ kind: 'resting' });
    }
  }

  private sample(id: string): void {
    if (this.watching) {
      // Goes on as before, but its name or network may have changed.
      this.say(this.watch);
      return;
    }
    if (this.endedWith) {
      // It still runs, so its end was not the reason.
      const error = this.endedWith;
      this.endedWith = undefined;
      this.lose(error);
      return;
    }
    this.say({ kind: 'loading' });
    const history = this.histories.of(id);
    let over = false;
    const watch = this.app.watchResources(id, {
      onSample: (sample) => {
        if (!over) {
          this.take(history, sample);
        }
      },
      onEnd: (error) => {
        if (!over) {
          over = true;
          this.watching = undefined;
          this.endedWith = error;
          this.refresh();
        }
      },
    });
    this.watching = {
      dispose: () => {
        over = true;
        watch.dispose();
      },
    };
    if (over) {
      this.unwatch();
    }
  }

  private take(history: ResourceHistory, sample: ResourceSample): void {
    const frame = frameOf(sample);
    const processes = processesOf(sample);
    history.add(frame, processes);
    if (this.watch.kind !== 'live') {
      this.say({ kind: 'live' });
    }
    this.post({ type: 'frame', frame, ...(processes && { processes }) });
  }

  /** Says why there are no figures, and looks again soon. */
  private lose(error: unknown): void {
    const message = printable(messageOf(error), 300).replace(/[.\s]+$/, '');
    this.log.warn(`Resources: ${message}`);
    const next = error instanceof BulkheadError && error.next ? ` ${printable(error.next, 300)}` : '';
    this.say({ kind: 'lost', message: `${message}.${next}` });
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.refresh(), RETRY_MS);
  }

  /** Now, and again while the same machine is shown. */
  private async askSpace(id: string): Promise<void> {
    const asked = ++this.spaceAsked;
    const stale = () => asked !== this.spaceAsked || this.ended.signal.aborted;
    clearTimeout(this.spaceTimer);
    try {
      const wait = { what: 'The disk use', ms: SPACE_MS, signal: this.ended.signal };
      const use = await withDeadline(wait, (signal) => this.app.diskUse(id, { signal }));
      if (stale()) {
        return;
      }
      this.space = spaceOf(use);
      this.post({ type: 'space', space: this.space });
    } catch (error) {
      if (stale()) {
        return;
      }
      this.log.debug(`${id}: its disk use is not known: ${messageOf(error)}`);
    }
    this.spaceTimer = setTimeout(() => void this.askSpace(id), SPACE_EVERY_MS);
  }

  private unwatch(): void {
    this.watching?.dispose();
    this.watching = undefined;
  }

  private say(watch: Watch): void {
    this.watch = watch;
    this.post({ type: 'watch', ...(this.head && { machine: this.head }), watch });
  }

  private show(): void {
    const history = this.machine && this.histories.of(this.machine.id);
    this.post({
      type: 'show',
      texts: this.texts,
      windowMs: WINDOW_MS,
      ...(this.head && { machine: this.head }),
      watch: this.watch,
      frames: [...(history?.frames ?? [])],
      ...(history?.processes && { processes: history.processes }),
      ...(this.space && { space: this.space }),
    });
  }
}
