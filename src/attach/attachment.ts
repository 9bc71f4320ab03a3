import type { App } from '../app';
import type { Disposable } from '../core/disposables';
import { BulkheadError, messageOf } from '../core/errors';
import { Listeners } from '../core/listeners';
import type { Log } from '../core/log';
import type { ReportProgress } from '../core/progress';
import type { Guest } from '../guest/guest';
import type { GuestFiles } from '../guest/guestFiles';
import type { MachineInfo } from '../machine/hypervisor';

/** What an attachment needs of the app. */
export type AttachApp = Pick<App, 'find' | 'guest' | 'start' | 'resume'>;

/**
 * Shows that a machine is being brought up, and lets the user cancel it. Called only if the machine is
 * not running already; resolves and rejects as `work` does.
 */
export type PresentBringUp = (
  info: MachineInfo,
  work: (signal: AbortSignal, report: ReportProgress) => Promise<MachineInfo>,
) => Promise<MachineInfo>;

/** A running machine whose SSH answers. */
export interface AttachedMachine {
  readonly info: MachineInfo;
  readonly guest: Guest;
}

/**
 * - `idle`: nobody asked for the machine yet.
 * - `attaching`: it is being brought up.
 * - `attached`: its SSH answers.
 * - `away`: it could not be brought up, or it was stopped or suspended since. It stays so until the user
 *   asks for it (`attach`), so that the editor's background reads never start what the user has stopped.
 */
export type AttachmentStatus =
  | { readonly kind: 'idle' }
  | { readonly kind: 'attaching'; readonly info?: MachineInfo }
  | { readonly kind: 'attached'; readonly info: MachineInfo }
  | { readonly kind: 'away'; readonly info?: MachineInfo; readonly error: Error };

/** This window's hold on one machine, shared by files, terminals, tasks and views. */
export class Attachment implements Disposable {
  private isStale = false;
  private currentStatus: AttachmentStatus = { kind: 'idle' };
  private attaching: Promise<AttachedMachine> | undefined;
  private attached: AttachedMachine | undefined;
  private opened: { guest: Guest; files: Promise<GuestFiles>; lost: Disposable } | undefined;
  private readonly changes = new Listeners<AttachmentStatus>();
  readonly onDidChange = this.changes.add;

  constructor(
    readonly id: string,
    private readonly app: AttachApp,
    private readonly log: Log,
    private readonly present: PresentBringUp,
  ) {}

  /** True while the machine's state could not be read again: `status` may no longer be so. */
  get stale(): boolean {
    return this.isStale;
  }

  get status(): AttachmentStatus {
    return this.currentStatus;
  }

  /** The machine; brings it up if nobody has asked before. Rejects at once while it is away. */
  machine(): Promise<AttachedMachine> {
    if (this.attached) {
      return Promise.resolve(this.attached);
    }
    return this.currentStatus.kind === 'away' ? Promise.reject(this.currentStatus.error) : this.attach();
  }

  /** Brings the machine up from whatever state it is in. Calls made meanwhile share one attempt. */
  attach(): Promise<AttachedMachine> {
    if (this.attached) {
      return Promise.resolve(this.attached);
    }
    this.attaching ??= this.bringUp().finally(() => {
      this.attaching = undefined;
    });
    return this.attaching;
  }

  /** Files as the machine's user sees them, over one SFTP session that is opened again after a lost connection. */
  async files(): Promise<GuestFiles> {
    const { guest } = await this.machine();
    if (this.opened?.guest !== guest) {
      this.closeFiles();
      const opened = {
        guest,
        files: guest.files(),
        lost: guest.onDidDisconnect(() => this.closeFiles()),
      };
      this.opened = opened;
      opened.files.catch(() => {
        if (this.opened === opened) {
          this.closeFiles();
        }
      });
    }
    return this.opened.files;
  }

  /** Looks at the machine's state again: after an engine event, or after this window changed it. */
  async refresh(): Promise<void> {
    const before = this.currentStatus;
    if (before.kind === 'idle' || before.kind === 'attaching') {
      return;
    }
    const info = await this.find().catch((error: unknown) => {
      // An unknown id is an answer ("it was removed"); any other failure says nothing about the machine.
      if (error instanceof BulkheadError && error.kind === 'usage' && before.info) {
        return { ...before.info, state: 'gone' as const };
      }
      this.isStale = true;
      this.changes.fire(this.currentStatus);
      throw error;
    });
    if (this.currentStatus !== before) {
      return;
    }
    if (before.kind === 'attached' && info.state === 'running') {
      this.change({ kind: 'attached', info });
    } else if (before.kind === 'away' && info.state === 'running' && before.info?.state !== 'running') {
      await this.attach();
    } else {
      this.leave(info);
    }
  }

  dispose(): void {
    this.closeFiles();
    this.changes.dispose();
  }

  private async bringUp(): Promise<AttachedMachine> {
    let info = this.currentStatus.kind === 'away' ? this.currentStatus.info : undefined;
    this.change({ kind: 'attaching', ...(info && { info }) });
    try {
      info = await this.find();
      this.change({ kind: 'attaching', info });
      if (info.state !== 'running') {
        const bringUp = info.state === 'suspended' ? this.app.resume : this.app.start;
        info = await this.present(info, (signal, onProgress) =>
          bringUp.call(this.app, this.id, { signal, onProgress }),
        );
      }
      const guest = await this.app.guest(this.id);
      await guest.ready();
      this.attached = { info, guest };
      this.change({ kind: 'attached', info });
      return this.attached;
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(messageOf(error));
      this.log.error(`${this.id}: ${failure.message}`);
      this.change({ kind: 'away', error: failure, ...(info && { info }) });
      throw failure;
    }
  }

  /** The machine with exactly this id: a window's authority is not the place for a prefix. */
  private async find(): Promise<MachineInfo> {
    const info = await this.app.find(this.id);
    if (info.id !== this.id) {
      throw new BulkheadError(`There is no machine "${this.id}"`, {
        kind: 'usage',
        next: 'Reopen the folder locally, then open it in a VM again.',
      });
    }
    return info;
  }

  private leave(info: MachineInfo): void {
    this.attached = undefined;
    this.closeFiles();
    const why = info.reason === undefined ? '' : ` (${info.reason})`;
    const error = new BulkheadError(`${info.name} is ${info.state}${why}`, {
      next:
        info.state === 'gone'
          ? 'Run "Bulkhead: Reopen Locally" to go on in the folder it was made from.'
          : 'Run "Bulkhead: Start or Resume" to go on.',
    });
    this.change({ kind: 'away', info, error });
  }

  private closeFiles(): void {
    this.opened?.lost.dispose();
    this.opened = undefined;
  }

  private change(status: AttachmentStatus): void {
    this.isStale = false;
    this.currentStatus = status;
    this.changes.fire(status);
  }
}
