import type { AttachApp } from '../../../src/attach/attachment';
import { BulkheadError } from '../../../src/core/errors';
import { Listeners } from '../../../src/core/listeners';
import type { Guest } from '../../../src/guest/guest';
import type { GuestFiles } from '../../../src/guest/guestFiles';
import type { MachineInfo, MachineState } from '../../../src/machine/hypervisor';

export const INFO: MachineInfo = {
  id: 'app-1',
  name: 'app',
  folder: '/home/me/app',
  state: 'running',
  accelerator: 'tcg',
  cpus: 2,
  memoryBytes: 2 ** 31,
  diskBytes: 2 ** 34,
  networkMode: 'none',
  workspaceMode: 'copy',
  user: 'root',
  workspaceFolder: '/workspace',
  diskKey: '',
  imageId: '',
  imageReference: 'debian:trixie-slim',
  generation: 'g',
  specHash: '',
  createdAt: 0,
};

/** An app with one machine, whose calls are counted. */
export class OneMachine implements AttachApp {
  state: MachineState = 'running';
  calls: string[] = [];
  failure: Error | undefined;
  readonly engine = new Listeners<void>();
  readonly disconnects = new Listeners<Error>();
  readonly onDidChangeMachines = (listener: () => void) => this.engine.add(listener);

  info(): MachineInfo {
    return { ...INFO, state: this.state };
  }

  async find(idOrPrefix: string): Promise<MachineInfo> {
    if (this.state === 'gone' || !INFO.id.startsWith(idOrPrefix)) {
      throw new BulkheadError(`no machine ${idOrPrefix}`, { kind: 'usage' });
    }
    return this.info();
  }

  start = () => this.up('start');
  resume = () => this.up('resume');

  async guest(): Promise<Guest> {
    this.calls.push('guest');
    return {
      machineId: INFO.id,
      ready: async () => undefined,
      files: async () => {
        this.calls.push('files');
        return { opened: this.calls.length } as unknown as GuestFiles;
      },
      onDidDisconnect: (listener: (reason: Error) => void) => this.disconnects.add(listener),
    } as unknown as Guest;
  }

  private async up(how: string): Promise<MachineInfo> {
    this.calls.push(how);
    if (this.failure) {
      throw this.failure;
    }
    this.state = 'running';
    return this.info();
  }
}
