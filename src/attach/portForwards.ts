import type { App } from '../app';
import { type Disposable, DisposableList } from '../core/disposables';
import { BulkheadError, messageOf } from '../core/errors';
import { Listeners } from '../core/listeners';
import type { Log } from '../core/log';
import type { Attachment } from './attachment';
import type { Attachments } from './attachments';
import { MachinePorts, type PortEntry, type PortsApp } from './machinePorts';
import type { RememberedPorts } from './rememberedPorts';

type ForwardsApp = PortsApp & Pick<App, 'portsToForward'>;

/**
 * The ports of the machines that this window holds. They are watched and forwarded while the machine is attached: they
 * end with it, and come back after a resume or a reload.
 */
export class PortForwards implements Disposable {
  private readonly machines = new Map<string, MachinePorts>();
  private readonly disposables = new DisposableList();
  private readonly changes = new Listeners<string>();
  /** Fires with the id of the machine whose ports changed. */
  readonly onDidChange = this.changes.add;

  constructor(
    private readonly app: ForwardsApp,
    private readonly attachments: Pick<Attachments, 'hold' | 'onDidChange'>,
    readonly remembered: RememberedPorts,
    private readonly log: Log,
  ) {
    this.disposables.add(
      attachments.onDidChange(({ attachment, status }) => {
        if (status.kind === 'attached') {
          this.follow(attachment).catch((error: unknown) =>
            log.error(`${attachment.id}: its ports are not followed: ${messageOf(error)}`),
          );
        } else {
          this.leave(attachment.id);
        }
      }),
    );
  }

  /** Ids of the machines whose ports are known. */
  list(): string[] {
    return [...this.machines.keys()];
  }

  /** Undefined if this window does not follow the machine. */
  entries(id: string): PortEntry[] | undefined {
    return this.machines.get(id)?.entries();
  }

  entry(id: string, port: number): PortEntry | undefined {
    return this.entries(id)?.find((entry) => entry.port === port);
  }

  /** As `MachinePorts.forward`; a machine that this window does not hold yet is attached first. */
  async forward(id: string, port: number, localPort?: number): Promise<number> {
    const attachment = this.attachments.hold(id);
    await attachment.attach();
    const machine = await this.follow(attachment);
    return machine.forward(port, localPort);
  }

  async stop(id: string, port: number): Promise<void> {
    await this.machines.get(id)?.stop(port);
  }

  /** The folder's settings ask for other ports than before; nothing happens to a machine that is not followed. */
  changeWanted(id: string, before: readonly number[], now: readonly number[]): void {
    const added = now.filter((port) => !before.includes(port));
    const removed = before.filter((port) => !now.includes(port));
    if (added.length > 0 || removed.length > 0) {
      this.machines.get(id)?.change({ added, removed });
    }
  }

  /** The machine was removed. */
  async forget(id: string): Promise<void> {
    this.leave(id);
    await this.remembered.forget(id);
  }

  dispose(): void {
    this.disposables.dispose();
    for (const machine of this.machines.values()) {
      machine.dispose();
    }
    this.machines.clear();
    this.changes.dispose();
  }

  private async follow(attachment: Attachment): Promise<MachinePorts> {
    const { id } = attachment;
    const known = this.machines.get(id);
    if (known) {
      return known;
    }
    const wanted = await this.app.portsToForward(id).catch((error: unknown) => {
      this.log.warn(`${id}: its settings' ports are not known: ${messageOf(error)}`);
      return [];
    });
    const meanwhile = this.machines.get(id);
    if (meanwhile) {
      return meanwhile;
    }
    if (attachment.status.kind !== 'attached') {
      throw new BulkheadError(`The machine ${id} does not run`, { next: 'Start it, then try again.' });
    }
    const machine = new MachinePorts(id, wanted, this.app, this.remembered, this.log, () =>
      this.changes.fire(id),
    );
    this.machines.set(id, machine);
    machine.start();
    this.changes.fire(id);
    return machine;
  }

  private leave(id: string): void {
    const machine = this.machines.get(id);
    if (machine) {
      this.machines.delete(id);
      machine.dispose();
      this.changes.fire(id);
    }
  }
}
