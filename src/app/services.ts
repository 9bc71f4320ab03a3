import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BulkheadError } from '../core/errors';
import type { Log } from '../core/log';
import type { ReportProgress } from '../core/progress';
import type { ConfirmSignature } from '../credentials/credentialUse';
import { connectGuest } from '../guest/connectGuest';
import type { Guest } from '../guest/guest';
import { loadOrCreateIdentity } from '../guest/identity';
import { connectEngine, type Engine } from '../image/engine';
import { ensureKit, type Kit } from '../image/kit';
import type { Hypervisor, Machine, WaitOptions } from '../machine/hypervisor';
import { KvmHypervisor } from '../machine/kvm/kvmHypervisor';
import type { ChoosePresetHosts } from '../network/networkService';
import { Credentials } from './credentials';
import { DataFolder } from './dataFolder';
import { GrantStore } from './grantStore';
import { readRecord } from './machineRecord';

export interface Connected {
  engine: Engine;
  hypervisor: Hypervisor;
}

/** What the actions share: one engine, one hypervisor, one SSH connection a machine. Nothing is touched before it is asked for. */
export class Services {
  readonly data: DataFolder;
  /** What the user agreed to, folder by folder. */
  readonly grants: GrantStore;
  readonly credentials: Credentials;
  private connecting: Promise<Connected> | undefined;
  private kitImage: Promise<Kit> | undefined;
  private readonly guests = new Map<string, Promise<Guest>>();

  constructor(
    readonly log: Log,
    dataDirectory: string,
    readonly proxyCommand: string[],
    readonly defaults: Record<string, unknown>,
    confirmSignature?: ConfirmSignature,
    readonly choosePresetHosts?: ChoosePresetHosts,
  ) {
    this.data = new DataFolder(dataDirectory);
    this.grants = new GrantStore(dataDirectory, log);
    this.credentials = new Credentials(this, confirmSignature);
  }

  /** The Engine and its machines. A failure is not kept: the next call tries again. */
  connect(options: WaitOptions = {}): Promise<Connected> {
    this.connecting ??= this.open(options).catch((error: unknown) => {
      this.connecting = undefined;
      throw error;
    });
    return this.connecting;
  }

  /** The kit image, built if this version's is not there. */
  async kit(options: WaitOptions & { onProgress?: ReportProgress | undefined } = {}): Promise<Kit> {
    const { engine } = await this.connect(options);
    const env = this.buildEnvironment();
    this.kitImage ??= ensureKit(engine, { ...options, env, log: this.log, kitFolder: kitFolder() }).catch(
      (error: unknown) => {
        this.kitImage = undefined;
        throw error;
      },
    );
    return this.kitImage;
  }

  /** The environment for builds: the user's setting `buildNetwork` is the same wish as the variable, which goes first. */
  buildEnvironment(): NodeJS.ProcessEnv {
    const wish = this.defaults['buildNetwork'];
    const network = process.env['BULKHEAD_BUILD_NETWORK'] ?? (wish === 'host' ? wish : undefined);
    return { ...process.env, ...(network !== undefined && { BULKHEAD_BUILD_NETWORK: network }) };
  }

  /** @throws BulkheadError of kind `usage` if there is no such machine */
  async machine(id: string, options: WaitOptions = {}): Promise<Machine> {
    const { hypervisor } = await this.connect(options);
    const machine = await hypervisor.get(id, options);
    if (!machine) {
      throw new BulkheadError(`There is no machine ${id}`, {
        kind: 'usage',
        next: 'List them with `bulkhead ls`.',
      });
    }
    return machine;
  }

  /** The shared connection to a machine's guest; dialled when first used. */
  guest(id: string, options: WaitOptions = {}): Promise<Guest> {
    let guest = this.guests.get(id);
    if (!guest) {
      guest = this.makeGuest(id, options);
      this.guests.set(id, guest);
      guest.catch(() => this.guests.delete(id));
    }
    return guest;
  }

  /** Ends the connection: the machine is about to stop, sleep or go. */
  async dropGuest(id: string): Promise<void> {
    const guest = this.guests.get(id);
    this.guests.delete(id);
    await this.credentials.takeDown(id);
    // One that could not be made has nothing to dispose, and its maker has the error.
    (await guest?.catch(() => undefined))?.dispose();
  }

  dispose(): void {
    this.credentials.dispose();
    for (const id of [...this.guests.keys()]) {
      void this.dropGuest(id);
    }
  }

  private async open(options: WaitOptions): Promise<Connected> {
    const engine = await connectEngine({ ...options, log: this.log });
    const hypervisor = new KvmHypervisor({
      engine,
      kit: (wait) => this.kit(wait),
      cacheDirectory: this.data.cache,
      keepOut: [this.data.root],
      log: this.log,
    });
    return { engine, hypervisor };
  }

  private async makeGuest(id: string, options: WaitOptions): Promise<Guest> {
    const machine = await this.machine(id, options);
    const [info, identity, record] = await Promise.all([
      machine.info(options),
      loadOrCreateIdentity(this.data.identity(id), id),
      readRecord(this.data.record(id), this.log),
    ]);
    const guest = connectGuest({
      machineId: id,
      dial: (wait) => machine.connect(wait),
      identity,
      log: this.log,
      defaultCwd: info.workspaceFolder,
      ...(record && { remoteEnv: record.remoteEnv }),
      lentEnvironment: (env, run) => this.credentials.environment(id, env, run),
    });
    this.credentials.adopt(guest);
    return guest;
  }
}

/** `guest/` lies beside `dist/` in an installed extension, and beside `src/` in the sources. */
function kitFolder(): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, 'guest');
    if (existsSync(join(candidate, 'Dockerfile'))) {
      return candidate;
    }
  }
  throw new BulkheadError('The kit’s sources (guest/) are not beside the program', {
    next: 'Install Bulkhead again.',
  });
}
