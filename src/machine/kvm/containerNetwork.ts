import type { Container } from 'dockerode';
import type { Engine } from '../../image/engine';
import { engineFailure } from '../../image/engineFailure';
import type { NetworkMode } from '../../settings/workspaceSpec';

/** Docker's network without any interface but loopback, and its default network. */
export const NO_NETWORK = 'none';
const DEFAULT_NETWORK = 'bridge';

export const KVM_NETWORK_MODES: readonly NetworkMode[] = ['none', 'allowlist', 'full'];

const isShut = (networks: string[]) => networks.every((name) => name === NO_NETWORK);

/**
 * The mode is read off the networks that a machine's containers are really in: `full` if the VMM's own has one, `allowlist` if
 * its proxy's has. Nothing else is believed.
 * @param proxy networks of the proxy's container, if there is one
 */
export function networkModeOf(vmm: string[], proxy: string[] | undefined): NetworkMode {
  if (!isShut(vmm)) {
    return 'full';
  }
  return proxy === undefined || isShut(proxy) ? 'none' : 'allowlist';
}

/**
 * Moves a VMM's container, running or not, between no network and Docker's default one. The guest keeps its card and its
 * address; QEMU's user network in the container just finds a way out, or none.
 */
export async function switchNetwork(engine: Engine, container: Container, mode: NetworkMode): Promise<void> {
  await moveToNetwork(engine, container, mode === 'full' ? DEFAULT_NETWORK : NO_NETWORK);
}

/** Takes a container out of every network but one, and puts it into that one. */
export async function moveToNetwork(engine: Engine, container: Container, wanted: string): Promise<void> {
  try {
    const found = await container.inspect();
    const networks = Object.keys(found.NetworkSettings.Networks);
    for (const name of networks.filter((network) => network !== wanted)) {
      await engine.docker.getNetwork(name).disconnect({ Container: container.id, Force: true });
    }
    if (!networks.includes(wanted)) {
      await engine.docker.getNetwork(wanted).connect({ Container: container.id });
    }
  } catch (error) {
    throw engineFailure('The network can’t be switched', error);
  }
}
