import type { Disposable } from '../../core/disposables';
import { Listeners } from '../../core/listeners';
import type { MachineInfo } from '../../machine/hypervisor';

/** What a window has open. */
export interface WindowPlaces {
  /** Id of the machine whose files it shows. */
  machineId?: string;
  /** Folders of the host. */
  folders: readonly string[];
}

/** Which machine the Resources view shows: the chosen one, else the window's own, else the likeliest. */
export class ResourceSelection implements Disposable {
  private chosen: string | undefined;
  private readonly changes = new Listeners<void>();
  readonly onDidChange = this.changes.add;

  constructor(private readonly window: () => WindowPlaces) {}

  choose(id: string): void {
    if (this.chosen !== id) {
      this.chosen = id;
      this.changes.fire();
    }
  }

  /** A window on a machine that is gone shows none rather than somebody else's. */
  of(machines: readonly MachineInfo[]): MachineInfo | undefined {
    const { machineId, folders } = this.window();
    const withId = (wanted: string | undefined) => machines.find(({ id }) => id === wanted);
    if (machineId !== undefined) {
      return withId(this.chosen) ?? withId(machineId);
    }
    return (
      withId(this.chosen) ?? machines.find(({ folder }) => folders.includes(folder)) ?? likeliest(machines)
    );
  }

  dispose(): void {
    this.changes.dispose();
  }
}

/** The youngest of those that run, else the youngest. */
function likeliest(machines: readonly MachineInfo[]): MachineInfo | undefined {
  const runs = ({ state }: MachineInfo) => Number(state === 'running');
  return [...machines].sort((a, b) => runs(b) - runs(a) || b.createdAt - a.createdAt)[0];
}
