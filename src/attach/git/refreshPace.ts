import type { Disposable } from '../../core/disposables';

export interface PaceOptions {
  /** Milliseconds that a burst of requests is collected for. */
  settleMs: number;
  /** Milliseconds between the end of one run and the start of the next. */
  gapMs: number;
  /** While this is false, requests wait for `resume`. */
  isActive(): boolean;
}

/** Runs the same work whenever somebody asks, never twice at a time, never too often. */
export class RefreshPace implements Disposable {
  private wanted = false;
  private running: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private notBefore = 0;
  private disposed = false;

  /** `work` must not reject. */
  constructor(
    private readonly work: () => Promise<void>,
    private readonly options: PaceOptions,
  ) {}

  /** Soon, if it is active; else once it is. */
  request(): void {
    this.wanted = true;
    this.schedule();
  }

  /** As soon as the run under way has ended, active or not. Resolves when this one has ended. */
  async now(): Promise<void> {
    while (this.running !== undefined) {
      await this.running;
    }
    if (!this.disposed) {
      await this.run();
    }
  }

  /** It may be active again. */
  resume(): void {
    this.schedule();
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
  }

  private schedule(): void {
    if (!this.wanted || this.running || this.timer || this.disposed || !this.options.isActive()) {
      return;
    }
    const wait = Math.max(this.options.settleMs, this.notBefore - Date.now());
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.wanted && !this.running && this.options.isActive()) {
        void this.run();
      }
    }, wait);
  }

  private run(): Promise<void> {
    this.wanted = false;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.running = this.work().finally(() => {
      this.running = undefined;
      this.notBefore = Date.now() + this.options.gapMs;
      this.schedule();
    });
    return this.running;
  }
}
