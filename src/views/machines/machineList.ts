import type { App } from '../../app';
import { type Disposable, DisposableList } from '../../core/disposables';
import { messageOf } from '../../core/errors';
import { Listeners } from '../../core/listeners';
import type { MachineInfo } from '../../machine/hypervisor';

/** Beside the Engine's events: a machine of another context, a clock that was set, an event that was lost. */
const POLL_MS = 30_000;

/** The machines as a view shows them: read when it becomes visible, on the Engine's events, and slowly while it is visible. */
export class MachineList implements Disposable {
  private current: MachineInfo[] | undefined;
  private currentFailure: Error | undefined;
  private reading: Promise<void> | undefined;
  private again = false;
  private following: DisposableList | undefined;
  private disposed = false;
  private readonly changes = new Listeners<void>();
  readonly onDidChange = this.changes.add;

  constructor(private readonly app: Pick<App, 'list' | 'onDidChangeMachines'>) {}

  /** In the Engine's order; undefined until they were read for the first time. Kept when a later reading fails. */
  get machines(): readonly MachineInfo[] | undefined {
    return this.current;
  }

  /** Why the last reading failed. */
  get failure(): Error | undefined {
    return this.currentFailure;
  }

  get(id: string): MachineInfo | undefined {
    return this.current?.find((machine) => machine.id === id);
  }

  setVisible(visible: boolean): void {
    if (!visible || this.disposed) {
      this.following?.dispose();
      this.following = undefined;
    } else if (!this.following) {
      this.following = new DisposableList();
      const look = () => void this.refresh();
      this.following.add(this.app.onDidChangeMachines(look));
      const timer = setInterval(look, POLL_MS);
      this.following.add({ dispose: () => clearInterval(timer) });
      look();
    }
  }

  /** Reads once more; whoever asks while it reads gets the reading after that one. Never rejects. */
  async refresh(): Promise<void> {
    if (this.reading !== undefined) {
      this.again = true;
      return this.reading;
    }
    this.reading = this.read().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  dispose(): void {
    this.disposed = true;
    this.setVisible(false);
    this.changes.dispose();
  }

  private async read(): Promise<void> {
    do {
      this.again = false;
      try {
        this.current = await this.app.list();
        this.currentFailure = undefined;
      } catch (error) {
        this.currentFailure = error instanceof Error ? error : new Error(messageOf(error));
      }
      if (this.disposed) {
        return;
      }
      this.changes.fire();
    } while (this.again);
  }
}
