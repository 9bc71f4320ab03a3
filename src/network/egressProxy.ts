import { buffer } from 'node:stream/consumers';
import type { Container, ContainerInspectInfo } from 'dockerode';
import { pack } from 'tar-stream';
import { delay, throwIfAborted, withDeadline } from '../core/deadline';
import { BulkheadError } from '../core/errors';
import type { Engine } from '../image/engine';
import { engineFailure, statusOf } from '../image/engineFailure';
import type { WaitOptions } from '../machine/hypervisor';
import { moveToNetwork, NO_NETWORK } from '../machine/kvm/containerNetwork';
import { containerName, proxyName } from '../machine/kvm/jail';
import { type EgressPlace, ensureEgressNetwork } from './egressNetwork';
import { readHostAddresses } from './hostAddresses';
import { buildWall, wallStands } from './kernelWall';
import { policyText } from './networkRules';
import type { NetworkPolicy } from './networkService';
import { proxyContainer, proxyVersion, proxyVersionOf } from './proxyContainer';

const READY_MS = 40_000;
const CHANGE_MS = 30_000;
/** Its own exit code if the kernel had no wall (guest/proxy/proxy). */
const NO_WALL = 20;
/** The account of the kit that the proxy runs as, and that owns its files. */
const OWNER = { uid: 1234, gid: 1234 };

export interface EgressChange {
  /** With it the proxy runs when a change is done; without, it only stands ready in the right network. */
  machineRuns: boolean;
}

/**
 * The proxy of one machine: a container that is there from the machine's first `allowlist` or `full` on, and that ends by itself
 * with the VMM. It holds no state of its own: the container is asked each time.
 */
export class EgressProxy {
  private readonly container: Container;

  constructor(
    private readonly id: string,
    private readonly engine: Engine,
    private readonly place: EgressPlace,
  ) {
    this.container = engine.docker.getContainer(proxyName(id));
  }

  /**
   * Makes the proxy obey a policy from now on. A connection that the policy does not allow is cut.
   */
  async apply(policy: NetworkPolicy, options: WaitOptions & EgressChange): Promise<void> {
    const what = `The proxy of ${this.id}`;
    await withDeadline({ what, ms: READY_MS, signal: options.signal }, async (signal) => {
      try {
        await (policy.mode === 'none' ? this.shut(policy) : this.open(policy, { ...options, signal }));
      } catch (error) {
        throw engineFailure(`${what} can’t be set up`, error);
      }
    });
  }

  /** Only the rules, on a proxy that is there. False if there is none. */
  async changeRules(policy: NetworkPolicy, options: WaitOptions): Promise<boolean> {
    const what = `Changing the allowlist of ${this.id}`;
    return withDeadline({ what, ms: CHANGE_MS, signal: options.signal }, async () => {
      try {
        await this.writeFiles({ policy: policyText(policy.mode, policy.rules) });
        return true;
      } catch (error) {
        if (statusOf(error) === 404) {
          return false;
        }
        throw engineFailure(what, error);
      }
    });
  }

  /** Ends it; it stays in its network, for the next start. */
  async stop(): Promise<void> {
    await this.container.kill().catch((error: unknown) => {
      // 404: there is none. 409: it does not run.
      if (statusOf(error) !== 404 && statusOf(error) !== 409) {
        throw engineFailure(`The proxy of ${this.id} can’t be stopped`, error);
      }
    });
  }

  async runs(): Promise<boolean> {
    return (await this.inspect())?.State.Running === true;
  }

  /** Out of its network at once, rules gone. It may go on without either until its machine ends: that makes the way back short. */
  private async shut(policy: NetworkPolicy): Promise<void> {
    if (!(await this.inspect())) {
      return;
    }
    await moveToNetwork(this.engine, this.container, NO_NETWORK);
    await this.writeFiles({ policy: policyText(policy.mode, policy.rules) });
  }

  private async open(policy: NetworkPolicy, options: EgressChange & { signal: AbortSignal }): Promise<void> {
    const { signal } = options;
    const [image, network] = await Promise.all([
      this.kitImage(),
      ensureEgressNetwork(this.engine, this.place),
    ]);
    const { Id: id, State: state } = await this.ensureContainer(image, network);
    if (!state.Running && !options.machineRuns) {
      await moveToNetwork(this.engine, this.container, network);
      return;
    }
    const full = policy.mode === 'full';
    const walled = state.Running && (await wallStands(this.container, signal));
    throwIfAborted(signal);
    if (walled || (state.Running && full && (await this.serves()))) {
      // The rules first: at no moment is it in its new network with those of another mode.
      await this.writeFiles({ policy: policyText(policy.mode, policy.rules) });
      await moveToNetwork(this.engine, this.container, network);
    } else {
      // One that was `full`, or whose start was cut off, begins anew: nothing that it has open or knows goes on behind the wall.
      await this.stop();
      await this.start(policy, { id, image, network, signal });
    }
    await this.untilServing(signal);
    if (full) {
      await buildWall(this.engine, { id, image }, 'open', [], signal);
    }
  }

  /** It does not serve before the kernel refuses what it must (guest/proxy/proxy). */
  private async start(
    policy: NetworkPolicy,
    { id, image, network, signal }: { id: string; image: string; network: string; signal: AbortSignal },
  ): Promise<void> {
    const addresses = await readHostAddresses(this.engine, image, { signal });
    throwIfAborted(signal);
    await this.writeFiles({
      policy: policyText(policy.mode, policy.rules),
      'host-addresses': addresses.map((address) => `${address}\n`).join(''),
    });
    await moveToNetwork(this.engine, this.container, network);
    throwIfAborted(signal);
    await this.container.start();
    try {
      await buildWall(this.engine, { id, image }, 'shut', addresses, signal);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** The VMM's own kit: a machine that slept through an update goes on with the one it has. */
  private async kitImage(): Promise<string> {
    const vmm = await this.engine.docker.getContainer(containerName(this.id)).inspect();
    if (!vmm.Mounts.some(({ Destination }) => Destination === '/proxy')) {
      throw new BulkheadError('the machine was made by a version of Bulkhead that had no proxy', {
        next: `Run \`bulkhead stop ${this.id}\`, then \`bulkhead up\` on its folder.`,
      });
    }
    return vmm.Image;
  }

  private async ensureContainer(image: string, network: string): Promise<ContainerInspectInfo> {
    const found = await this.inspect();
    if (found && found.Image === image && proxyVersionOf(found.Config.Labels) === proxyVersion(this.place)) {
      return found;
    }
    if (found) {
      await this.container.remove({ force: true });
    }
    await this.engine.docker
      .createContainer(proxyContainer(this.id, image, network, this.place))
      .catch((error: unknown) => {
        // 409: another process has just made it.
        if (statusOf(error) !== 409) {
          throw error;
        }
      });
    return this.container.inspect();
  }

  private async inspect(): Promise<ContainerInspectInfo | undefined> {
    try {
      return await this.container.inspect();
    } catch (error) {
      if (statusOf(error) === 404) {
        return undefined;
      }
      throw error;
    }
  }

  private async untilServing(signal: AbortSignal): Promise<void> {
    for (;;) {
      const found = await this.container.inspect();
      if (!found.State.Running) {
        throw new BulkheadError(
          found.State.ExitCode === NO_WALL
            ? 'the kernel was not told which addresses to refuse'
            : `it ended with code ${found.State.ExitCode}`,
          { next: 'Look at `docker logs` of its container.' },
        );
      }
      if (await this.serves()) {
        return;
      }
      await delay(50, signal);
    }
  }

  /** Its socket for the guest is made last, and is gone when it begins (guest/proxy/proxy). */
  private async serves(): Promise<boolean> {
    try {
      (await this.container.infoArchive({ path: '/proxy/egress.sock' })).resume();
      return true;
    } catch (error) {
      if (statusOf(error) === 404) {
        return false;
      }
      throw error;
    }
  }

  private async writeFiles(files: Record<string, string>): Promise<void> {
    const archive = pack();
    for (const [name, content] of Object.entries(files)) {
      archive.entry({ name, mode: 0o600, ...OWNER }, content);
    }
    archive.finalize();
    await this.container.putArchive(await buffer(archive), { path: '/proxy' });
  }
}
