import type { Duplex } from 'node:stream';
import type { Container } from 'dockerode';
import { delay, withDeadline } from '../../core/deadline';
import { BulkheadError } from '../../core/errors';
import type { Log } from '../../core/log';
import type { Engine } from '../../image/engine';
import { engineFailure, statusOf } from '../../image/engineFailure';
import type { NetworkMode } from '../../settings/workspaceSpec';
import type { DiskUse, HostSample, Machine, MachineInfo, MachineUsage, WaitOptions } from '../hypervisor';
import { execOutput, execStream, plainLog, runOnce } from './containerExec';
import { networkModeOf, switchNetwork } from './containerNetwork';
import { diskUse } from './diskUse';
import { stateOfContainer } from './exitCodes';
import { readHostSamples, SAMPLER } from './hostSamples';
import { onceContainer, proxyName } from './jail';
import { machineOfLabels, shareOfLabels } from './labels';
import { removeMachine } from './removeMachine';
import { inspectShare, isMounted, ofInspected, removeShare, serveShare, workspaceOf } from './share';
import type { UsageSampler } from './usage';

const VMM = '/usr/lib/bulkhead/vmm';
const START_MS = 60_000;
const SUSPEND_MS = 620_000;
const GRACE_MS = 20_000;
const REMOVE_MS = 120_000;
/** What a suspended machine gets on top, to load its memory and wake up before it can power off. */
const WAKE_MS = 60_000;
/** How long `connect` in the container waits for the guest's sshd, in seconds (a cold boot under TCG takes 3 to 10). */
const BOOT_S = 120;

/** A machine that is a container with QEMU in it. It holds no state of its own: the container is asked each time. */
export class KvmMachine implements Machine {
  constructor(
    readonly id: string,
    private readonly engine: Engine,
    private readonly container: Container,
    private readonly sampler: UsageSampler,
    private readonly options: { log: Log; keepOut: readonly string[] },
  ) {}

  async info(options: WaitOptions = {}): Promise<MachineInfo> {
    return withDeadline(this.deadline('answer for', 15_000, options), async () => {
      try {
        const [found, proxyNetworks] = await Promise.all([this.container.inspect(), this.proxyNetworks()]);
        const described = machineOfLabels(found.Config.Labels);
        const vmm = ofInspected(found);
        const share = isMounted(vmm) ? await inspectShare(this.engine, this.id) : undefined;
        if (!described) {
          throw new BulkheadError(`The labels of container ${found.Name} are not a machine's`, {
            next: `Remove it with \`docker rm ${found.Id.slice(0, 12)}\`.`,
          });
        }
        return {
          ...described,
          ...stateOfContainer(found.State.Status, found.State.ExitCode),
          ...workspaceOf(vmm, share, shareOfLabels(found.Config.Labels)),
          networkMode: networkModeOf(Object.keys(found.NetworkSettings.Networks), proxyNetworks),
          createdAt: Date.parse(found.Created),
        };
      } catch (error) {
        if (statusOf(error) === 404) {
          throw new BulkheadError(`There is no machine ${this.id} any more`, { kind: 'usage', cause: error });
        }
        throw engineFailure(`The machine ${this.id} can't be inspected`, error);
      }
    });
  }

  async start(options: WaitOptions = {}): Promise<{ resumed: boolean }> {
    const { state } = await this.info(options);
    if (state !== 'running') {
      await this.serveFolder(options);
    }
    await withDeadline(this.deadline('start', START_MS, options), async () => {
      try {
        await this.container.start();
      } catch (error) {
        // 304: it runs already.
        if (statusOf(error) !== 304) {
          throw engineFailure(`The machine ${this.id} can't be started`, error);
        }
      }
    });
    return { resumed: state === 'suspended' };
  }

  /** What the labels say was granted; the containers are looked at again, and refused if they don't agree. */
  private async serveFolder(options: WaitOptions): Promise<void> {
    const found = await this.container.inspect();
    const { Labels: labels } = found.Config;
    const share = shareOfLabels(labels);
    const machine = machineOfLabels(labels);
    if (!isMounted(ofInspected(found)) || !share || !machine) {
      return;
    }
    const { folder, memoryBytes } = machine;
    const { keepOut } = this.options;
    const by = { id: this.id, folder, share, memoryBytes, kitImage: found.Image, keepOut };
    await serveShare(this.engine, by, options);
  }

  async connect(options: WaitOptions = {}): Promise<Duplex> {
    const { stream, complaints } = await execStream(
      this.engine,
      this.container,
      [`${VMM}/connect`, String(BOOT_S)],
      {
        what: `Connecting to ${this.id}`,
        ...options,
      },
    );
    stream.once('end', () => {
      const words = complaints();
      if (words) {
        this.options.log.debug(`${this.id}: the stream to the guest ended: ${words}`);
      }
    });
    return stream;
  }

  async console(options: WaitOptions & { tail?: number } = {}): Promise<string> {
    return this.logs('stdout', options);
  }

  async vmmLog(options: WaitOptions & { tail?: number } = {}): Promise<string> {
    return this.logs('stderr', options);
  }

  async usage(options: WaitOptions = {}): Promise<MachineUsage> {
    return withDeadline(this.deadline('tell what it uses', 20_000, options), (signal) =>
      this.sampler.sample(signal),
    );
  }

  async *samples(options: WaitOptions = {}): AsyncGenerator<HostSample, void> {
    const what = `Watching ${this.id}`;
    yield* readHostSamples(
      await execStream(this.engine, this.container, [SAMPLER], { what, ...options }),
      options,
    );
  }

  async diskUse(others: string[], options: WaitOptions = {}): Promise<DiskUse> {
    return diskUse(this.engine, this.container, await this.info(options), others, options);
  }

  async suspend(options: WaitOptions = {}): Promise<void> {
    if (isMounted(ofInspected(await this.container.inspect()))) {
      throw cannotSleep(this.id);
    }
    await execOutput(this.engine, this.container, [`${VMM}/suspend`], {
      what: `Suspending ${this.id}`,
      ms: SUSPEND_MS,
      ...options,
    });
    // The VMM ends a moment after the script that told it to.
    await withDeadline(this.deadline('end after its suspend', 30_000, options), async (signal) => {
      while ((await this.info({ signal })).state === 'running') {
        await delay(50, signal);
      }
    });
  }

  async setNetwork(mode: NetworkMode, options: WaitOptions = {}): Promise<void> {
    await withDeadline(this.deadline('change its network', 30_000, options), () =>
      switchNetwork(this.engine, this.container, mode),
    );
  }

  async stop(options: WaitOptions & { graceMs?: number } = {}): Promise<{ forced: boolean }> {
    let grace = options.graceMs ?? GRACE_MS;
    const { state } = await this.info(options);
    if (state === 'suspended') {
      grace += WAKE_MS;
      // What the guest has not written yet is in the saved memory: only the guest itself can end cleanly.
      await this.start(options);
    } else if (state !== 'running') {
      return { forced: false };
    }
    await withDeadline(this.deadline('stop', grace + 30_000, options), async () => {
      try {
        await this.container.stop({ t: Math.ceil(grace / 1000) });
      } catch (error) {
        if (statusOf(error) !== 304) {
          throw engineFailure(`The machine ${this.id} can't be stopped`, error);
        }
      }
    });
    // virtiofsd has ended with its VMM; nothing of the folder stays mounted anywhere.
    await removeShare(this.engine, this.id);
    const after = await this.container.inspect();
    return { forced: after.State.ExitCode !== 0 };
  }

  async reset(options: WaitOptions = {}): Promise<void> {
    const { state } = await this.info(options);
    if (state === 'running') {
      throw new BulkheadError(`The machine ${this.id} runs`, {
        kind: 'usage',
        next: `Stop it first: \`bulkhead stop ${this.id}\`.`,
      });
    }
    const kitImage = (await this.container.inspect()).Image;
    const command: [string, ...string[]] = ['/bin/rm', '-f', '/machine/upper.ext4', '/machine/ram'];
    const { exitCode, output } = await runOnce(
      this.engine,
      onceContainer(kitImage, command, { machineId: this.id }),
      {
        what: `Resetting ${this.id}`,
        ms: 60_000,
        ...options,
      },
    );
    if (exitCode !== 0) {
      throw new BulkheadError(`The disk of ${this.id} can't be dropped: ${output}`);
    }
  }

  async destroy(options: WaitOptions = {}): Promise<void> {
    await withDeadline(this.deadline('be removed', REMOVE_MS, options), (signal) =>
      removeMachine(this.engine, this.id, signal),
    );
  }

  /** The networks of the machine's proxy; undefined if it has none. */
  private async proxyNetworks(): Promise<string[] | undefined> {
    try {
      const proxy = await this.engine.docker.getContainer(proxyName(this.id)).inspect();
      return Object.keys(proxy.NetworkSettings.Networks);
    } catch (error) {
      if (statusOf(error) === 404) {
        return undefined;
      }
      throw error;
    }
  }

  private async logs(stream: 'stdout' | 'stderr', options: WaitOptions & { tail?: number }): Promise<string> {
    return withDeadline(this.deadline('give its console', 15_000, options), async () => {
      try {
        const log = await this.container.logs({ stdout: true, stderr: true, tail: options.tail ?? 500 });
        return plainLog(log as unknown as Buffer, stream);
      } catch (error) {
        throw engineFailure(`The console of ${this.id} can't be read`, error);
      }
    });
  }

  private deadline(what: string, ms: number, options: WaitOptions) {
    return { what: `The machine ${this.id} did not ${what}`, ms, signal: options.signal };
  }
}

/** virtiofsd holds files of the host open, so its state can't be saved with the guest's memory. */
export function cannotSleep(id: string): BulkheadError {
  return new BulkheadError(`The machine ${id} has a mounted folder, and such a machine can't be suspended`, {
    kind: 'usage',
    next: `Stop it with \`bulkhead stop ${id}\`, or set \`workspace.mode\` to \`copy\`: a machine with a copy can sleep.`,
  });
}
