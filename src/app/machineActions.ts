import { BulkheadError, messageOf, throwIfCancelled } from '../core/errors';
import type { ReportProgress } from '../core/progress';
import { PHASE_TITLES } from '../core/progress';
import { guestMarks, WORKSPACE_MARK } from '../guest/guestMarks';
import { removeIdentity } from '../guest/identity';
import { removeSshHost } from '../guest/sshConfig';
import { compareWorkspace } from '../guest/workspaceDifferences';
import { statusOf } from '../image/engineFailure';
import { baseTagOf, imageTagOf } from '../image/provideImage';
import type { Machine, MachineInfo, WaitOptions } from '../machine/hypervisor';
import { cannotSleep } from '../machine/kvm/kvmMachine';
import type { ChosenWorkspace, OnClose } from '../settings/workspaceSpec';
import type { WorkspaceDifference } from './contract';
import { chooseOnClose, chooseWorkspace, removeChoices } from './machineChoices';
import { withMachineLock } from './machineLock';
import { removeMachineLog } from './machineLog';
import { modeOf, stopEgress, wakeEgress, withNetworkLock } from './machineNetwork';
import { readRecord, removeRecord } from './machineRecord';
import { forgetReviews } from './reviewedMachines';
import type { Services } from './services';
import { assertMountable } from './shareSpec';
import { wait } from './wait';
import { connectGuestOf, startMachine } from './wake';

const MANY_DIFFERENCES = 1000;

/** What can be done with a machine that exists. Each action holds the machine's lock. */
export class MachineActions {
  constructor(private readonly services: Services) {}

  async find(idOrPrefix: string, options: WaitOptions = {}): Promise<MachineInfo> {
    const { hypervisor } = await this.services.connect(wait(options));
    const machines = await hypervisor.list(wait(options));
    const exact = machines.find(({ id }) => id === idOrPrefix);
    const matching = machines.filter(({ id }) => id.startsWith(idOrPrefix));
    const found = exact ?? (matching.length === 1 ? matching[0] : undefined);
    if (found) {
      return found;
    }
    const candidates = (matching.length > 0 ? matching : machines).slice(0, 10).map(({ id }) => id);
    throw new BulkheadError(
      matching.length > 1 ? `Several machines begin with ${idOrPrefix}` : `There is no machine ${idOrPrefix}`,
      {
        kind: 'usage',
        next:
          candidates.length > 0
            ? `Name one of: ${candidates.join(', ')}.`
            : 'Make one with `bulkhead up <folder>`.',
      },
    );
  }

  /** Boots or resumes it, and waits for SSH. */
  start(id: string, options: WaitOptions & { onProgress?: ReportProgress } = {}): Promise<MachineInfo> {
    return this.locked(id, options, async () => {
      const machine = await this.services.machine(id, wait(options));
      options.onProgress?.({ phase: 'boot', message: PHASE_TITLES.boot });
      const network = await modeOf(this.services, machine, options);
      const woken = await startMachine(machine, options);
      const egress = wakeEgress(this.services, id, network, woken, options);
      options.onProgress?.({ phase: 'ssh', message: PHASE_TITLES.ssh });
      await Promise.all([egress, connectGuestOf(this.services, machine, woken, options)]);
      return machine.info(wait(options));
    });
  }

  stop(id: string, options: WaitOptions = {}): Promise<{ forced: boolean }> {
    return this.locked(id, options, async () => {
      const machine = await this.services.machine(id, wait(options));
      await this.services.dropGuest(id);
      const stopped = await machine.stop(wait(options));
      await stopEgress(this.services, id);
      return stopped;
    });
  }

  suspend(id: string, options: WaitOptions = {}): Promise<MachineInfo> {
    return this.locked(id, options, async () => {
      const machine = await this.services.machine(id, wait(options));
      const info = await machine.info(wait(options));
      const { state } = info;
      if (state === 'suspended') {
        return info;
      }
      if (info.workspaceMode === 'mount') {
        throw cannotSleep(id);
      }
      if (state !== 'running') {
        throw new BulkheadError(`The machine ${id} is ${state}: only a running one can be suspended`, {
          kind: 'usage',
        });
      }
      const guest = await this.services.guest(id, wait(options));
      // Before its programs are frozen: what they wait for ends now, not when they wake.
      await this.services.credentials.takeDown(id);
      try {
        await guest.control('freeze', wait(options));
      } catch (error) {
        // A guest that does not obey sleeps all the same; its programs only see the old clock for a moment.
        throwIfCancelled(error);
        this.services.log.warn(`${id} is suspended without its programs being frozen: ${messageOf(error)}`);
      }
      await this.services.dropGuest(id);
      try {
        await machine.suspend(wait(options));
      } catch (error) {
        await this.thawAfterFailure(id, machine);
        throw error;
      }
      await stopEgress(this.services, id);
      return machine.info();
    });
  }

  reset(id: string, options: WaitOptions = {}): Promise<void> {
    return this.locked(id, options, async () => {
      const machine = await this.services.machine(id, wait(options));
      await machine.reset(wait(options));
    });
  }

  /** Removes the machine, its disk, keys, record, log and image tag. */
  async remove(id: string, options: WaitOptions = {}): Promise<void> {
    const { data } = this.services;
    await this.locked(id, options, async () => {
      const { engine } = await this.services.connect(wait(options));
      const machine = await this.services.machine(id, wait(options));
      await this.services.dropGuest(id);
      // An open Network view brings an ended proxy back, and with it its volume.
      await withNetworkLock(this.services, id, options, () => machine.destroy(wait(options)));
      await removeSshHost(data.sshConfig, id);
      await removeIdentity(data.identity(id));
      await removeRecord(data.record(id));
      await removeChoices(data.choices(id));
      await forgetReviews(data, id);
      await removeMachineLog(data.log(id));
      for (const tag of [imageTagOf(id), baseTagOf(id)]) {
        try {
          await engine.docker.getImage(tag).remove();
        } catch (error) {
          // 404: it had no image of its own. 409: somebody else's container uses it.
          if (statusOf(error) !== 404 && statusOf(error) !== 409) {
            throw error;
          }
        }
      }
    });
  }

  /** Needs no lock: the choice is one small file, read when a window closes. */
  async setOnClose(
    id: string,
    onClose: OnClose | undefined,
    options: WaitOptions = {},
  ): Promise<MachineInfo> {
    const machine = await this.services.machine(id, wait(options));
    await chooseOnClose(this.services.data.choices(id), onClose, this.services.log);
    return machine.info(wait(options));
  }

  /** Needs no lock either: it is read when the machine starts. */
  async setWorkspaceMode(
    id: string,
    workspace: ChosenWorkspace,
    options: WaitOptions = {},
  ): Promise<MachineInfo> {
    const { hypervisor } = await this.services.connect(wait(options));
    const machine = await this.services.machine(id, wait(options));
    const info = await machine.info(wait(options));
    await assertMountable(hypervisor, info.folder, workspace, wait(options));
    await chooseWorkspace(this.services.data.choices(id), workspace, this.services.log);
    return info;
  }

  async differences(
    id: string,
    options: WaitOptions & { limit?: number } = {},
  ): Promise<WorkspaceDifference[]> {
    const machine = await this.services.machine(id, wait(options));
    const info = await machine.info(wait(options));
    if (info.state !== 'running') {
      throw new BulkheadError(`The machine ${id} is ${info.state}, so its files can't be compared`, {
        kind: 'usage',
        next: `Start it first: \`bulkhead start ${id}\`.`,
      });
    }
    if (info.workspaceMode === 'mount') {
      return this.differencesOfMounted(id, options);
    }
    const record = await readRecord(this.services.data.record(id), this.services.log);
    return compareWorkspace(await this.services.guest(id, wait(options)), {
      ...wait(options),
      hostFolder: info.folder,
      guestFolder: info.workspaceFolder,
      exclude: record?.exclude ?? [],
      limit: options.limit ?? MANY_DIFFERENCES,
      user: 'root',
    });
  }

  /** The folder is the host's own. But the upper disk may have the copy of an earlier time, which nobody can look into now. */
  private async differencesOfMounted(id: string, options: WaitOptions): Promise<WorkspaceDifference[]> {
    const guest = await this.services.guest(id, wait(options));
    if (await guestMarks(guest).has(WORKSPACE_MARK, wait(options))) {
      throw new BulkheadError(
        `The machine ${id} has a mounted folder, and keeps a copy from before that can't be compared now`,
        {
          kind: 'usage',
          next: 'To look at the copy first, set `workspace.mode` to `copy` and restart the machine.',
        },
      );
    }
    return [];
  }

  /** The VMM lets the guest go on when a suspend fails; its programs are still frozen. */
  private async thawAfterFailure(id: string, machine: Machine): Promise<void> {
    try {
      if ((await machine.info()).state !== 'running') {
        return;
      }
      await (await this.services.guest(id)).control('thaw');
    } catch (error) {
      this.services.log.error(`${id} could not be thawed after a failed suspend: ${messageOf(error)}`);
    }
  }

  private locked<T>(id: string, options: WaitOptions, work: () => Promise<T>): Promise<T> {
    return withMachineLock(this.services.data.lock(id), wait(options), work);
  }
}
