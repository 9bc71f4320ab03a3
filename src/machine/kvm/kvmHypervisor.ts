import type { Container, ContainerInfo } from 'dockerode';
import { throwIfAborted, withDeadline } from '../../core/deadline';
import { BulkheadError } from '../../core/errors';
import type { Log } from '../../core/log';
import type { Engine } from '../../image/engine';
import { engineFailure } from '../../image/engineFailure';
import type { Kit } from '../../image/kit';
import type {
  Accelerator,
  Hypervisor,
  Machine,
  MachineInfo,
  MachineSpec,
  ProbeResult,
  WaitOptions,
} from '../hypervisor';
import { configUpload } from './configArchive';
import { networkModeOf, switchNetwork } from './containerNetwork';
import { findContainer, replaceContainer, unless } from './containerReplacement';
import { exitCodeOfStatus, stateOfContainer } from './exitCodes';
import { containerName, MACHINE_FILTER, machineContainer, proxyVolumeName, volumeName } from './jail';
import { KvmMachine } from './kvmMachine';
import { MACHINE_LABEL, machineOfLabels, PROXY_LABEL, shareOfLabels } from './labels';
import { machineIdOfListed, machinesAmong } from './ours';
import { type Probed, probe } from './probe';
import { dropShare, makeShareVolume, ofListed, workspaceOf } from './share';
import { SHARE_LABEL } from './shareContainer';
import { lookAtSharedFolder } from './sharedFolder';
import { UsageSampler } from './usage';

export interface KvmHypervisorOptions {
  engine: Engine;
  /** Makes the kit image if need be; called only when a machine is created or the host probed. */
  kit: (options: WaitOptions) => Promise<Kit>;
  /** For probe results. */
  cacheDirectory: string;
  /** Absolute paths that no mounted folder may hold: the data folder. */
  keepOut: readonly string[];
  log: Log;
}

/** Machines as QEMU in jailed containers of one Docker Engine. Containers, volumes and their labels are the only database. */
export class KvmHypervisor implements Hypervisor {
  /** Each knows its machine's last figures: a rate is since then. */
  private readonly usage = new Map<string, UsageSampler>();

  constructor(private readonly options: KvmHypervisorOptions) {}

  async probe(options: WaitOptions & { fresh?: boolean } = {}): Promise<ProbeResult> {
    return (await this.probed(options)).result;
  }

  async create(spec: MachineSpec, options: WaitOptions = {}): Promise<Machine> {
    const { engine } = this.options;
    const kit = await this.options.kit(options);
    const { accelerator, probed } = await this.chooseAccelerator(spec, options);
    throwIfAborted(options.signal);
    return withDeadline(
      { what: `Creating ${spec.id}`, ms: 60_000, signal: options.signal },
      async (signal) => {
        try {
          // First, because an image's or a folder's text may be refused here: then nothing is left behind.
          const config = await configUpload(spec.guest, spec.generation);
          for (const volume of [volumeName(spec.id), proxyVolumeName(spec.id)]) {
            await engine.docker.createVolume({ Name: volume, Labels: { [MACHINE_LABEL]: spec.id } });
          }
          const outdated = await this.outdated(spec);
          if (spec.share) {
            await makeShareVolume(engine, spec.id);
          }
          throwIfAborted(signal);
          const wanted = machineContainer(spec, kit.id, accelerator, probed?.kvm, engine.ncpu);
          if (outdated) {
            await replaceContainer(engine, spec.id, outdated, wanted);
          } else {
            // 409: it is there already, with the same spec, or another process has just made it.
            await engine.docker.createContainer(wanted).catch(unless(409));
          }
          if (!spec.share) {
            // Only now: the old container may have had the socket's volume.
            await dropShare(engine, spec.id);
          }
          const container = engine.docker.getContainer(containerName(spec.id));
          const { State: state } = await container.inspect();
          if (!state.Running) {
            await container.putArchive(config, { path: '/machine' });
            await switchNetwork(engine, container, spec.networkMode);
          }
          return this.machineOf(spec.id, container);
        } catch (error) {
          throw engineFailure(`The machine ${spec.id} can’t be created`, error);
        }
      },
    );
  }

  async assertMountable(folder: string, readOnly: boolean): Promise<void> {
    const { engine, keepOut } = this.options;
    await lookAtSharedFolder(folder, readOnly, {
      keepOut: keepOutOf(engine, keepOut),
      endpoint: engine.endpoint,
    });
  }

  async list(options: WaitOptions = {}): Promise<MachineInfo[]> {
    const { engine } = this.options;
    return withDeadline({ what: 'Listing machines', ms: 20_000, signal: options.signal }, async () => {
      try {
        const labelled = (label: string) =>
          engine.docker.listContainers({ all: true, filters: { label: [label] } });
        const [containers, shares, proxies] = await Promise.all([
          engine.docker.listContainers({ all: true, filters: MACHINE_FILTER }),
          labelled(SHARE_LABEL),
          labelled(PROXY_LABEL),
        ]);
        const shareOf = new Map(shares.map((share) => [machineIdOfListed(share, SHARE_LABEL), share]));
        const proxyOf = new Map(proxies.map((proxy) => [machineIdOfListed(proxy, PROXY_LABEL), proxy]));
        return machinesAmong(containers)
          .flatMap(([id, container]) => infoOf(container, shareOf.get(id), proxyOf.get(id)) ?? [])
          .sort((a, b) => b.createdAt - a.createdAt);
      } catch (error) {
        throw engineFailure('The machines can’t be listed', error);
      }
    });
  }

  async get(id: string, options: WaitOptions = {}): Promise<Machine | undefined> {
    const { engine } = this.options;
    return withDeadline({ what: `Looking for ${id}`, ms: 20_000, signal: options.signal }, async () => {
      try {
        const container = await findContainer(engine, id);
        const found = await container?.inspect();
        return container && found?.Config.Labels[MACHINE_LABEL] === id
          ? this.machineOf(id, container)
          : undefined;
      } catch (error) {
        throw engineFailure(`The machine ${id} can’t be looked for`, error);
      }
    });
  }

  private machineOf(id: string, container: Container): KvmMachine {
    const { engine, log, keepOut } = this.options;
    return new KvmMachine(id, engine, container, this.usageOf(id, container), {
      log,
      keepOut: keepOutOf(engine, keepOut),
    });
  }

  private usageOf(id: string, container: Container): UsageSampler {
    const sampler = this.usage.get(id) ?? new UsageSampler(this.options.engine, container);
    this.usage.set(id, sampler);
    return sampler;
  }

  private async probed(options: WaitOptions & { fresh?: boolean }): Promise<Probed> {
    const { engine, cacheDirectory, log } = this.options;
    return probe(engine, await this.options.kit(options), { ...options, cacheDirectory, log });
  }

  private async chooseAccelerator(
    spec: MachineSpec,
    options: WaitOptions,
  ): Promise<{ accelerator: Accelerator; probed?: Probed }> {
    if (spec.accelerator === 'tcg') {
      return { accelerator: 'tcg' };
    }
    if (spec.accelerator === 'hyperv') {
      throw new BulkheadError('Hyper-V machines do not exist yet', {
        kind: 'host',
        next: 'Set "accelerator" to "auto", "kvm" or "tcg".',
      });
    }
    const probed = await this.probed(options);
    const kvm = probed.result.tried.find((trial) => trial.accelerator === 'kvm');
    if (spec.accelerator === 'kvm' && !kvm?.works) {
      throw new BulkheadError(`KVM does not work on this host: ${kvm?.reason ?? 'it was not tried'}`, {
        kind: 'host',
        next: kvm?.fix ?? 'Set "accelerator" to "auto".',
      });
    }
    return { accelerator: probed.result.accelerator, probed };
  }

  /** A container is immutable: one whose spec differs is made anew around its volume, unless it runs or sleeps. */
  private async outdated(spec: MachineSpec): Promise<Container | undefined> {
    const container = await findContainer(this.options.engine, spec.id);
    const found = await container?.inspect();
    if (!found) {
      return undefined;
    }
    const { state } = stateOfContainer(found.State.Status, found.State.ExitCode);
    const same = machineOfLabels(found.Config.Labels)?.specHash === spec.specHash;
    return same || state === 'running' || state === 'suspended' ? undefined : container;
  }
}

function infoOf(
  container: ContainerInfo,
  share: ContainerInfo | undefined,
  proxy: ContainerInfo | undefined,
): MachineInfo | undefined {
  const described = machineOfLabels(container.Labels);
  return (
    described && {
      ...described,
      ...stateOfContainer(container.State, exitCodeOfStatus(container.Status)),
      ...workspaceOf(ofListed(container), share && ofListed(share), shareOfLabels(container.Labels)),
      networkMode: networkModeOf(networksOf(container), proxy && networksOf(proxy)),
      createdAt: container.Created * 1000,
    }
  );
}

function keepOutOf({ endpoint }: Engine, keepOut: readonly string[]): string[] {
  return [...keepOut, ...(endpoint.startsWith('unix://') ? [endpoint.slice('unix://'.length)] : [])];
}

function networksOf(container: ContainerInfo): string[] {
  return Object.keys(container.NetworkSettings?.Networks ?? {});
}
