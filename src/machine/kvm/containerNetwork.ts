import type { Container } from 'dockerode';
import { BulkheadError } from '../../core/errors';
import type { Engine } from '../../image/engine';
import { engineFailure } from '../../image/engineFailure';
import type { NetworkMode } from '../../settings/workspaceSpec';

/** Docker's network without any interface but loopback, and its default network. */
const NONE = 'none';
const FULL = 'bridge';

/** What `switchNetwork` can do. */
export const KVM_NETWORK_MODES: readonly NetworkMode[] = ['none', 'full'];

/** The mode is read off the networks that the VMM's container is really in: nothing else is believed. */
export function networkModeOf(networks: string[]): NetworkMode {
  return networks.every((name) => name === NONE) ? 'none' : 'full';
}

/**
 * Moves a VMM's container, running or not, between no network and Docker's default one. The guest keeps its card and its
 * address; QEMU's user network in the container just finds a way out, or none.
 */
export async function switchNetwork(engine: Engine, container: Container, mode: NetworkMode): Promise<void> {
  if (!KVM_NETWORK_MODES.includes(mode)) {
    throw new BulkheadError(`The network mode \`${mode}\` does not exist yet`, {
      kind: 'usage',
      next: `Use ${KVM_NETWORK_MODES.map((each) => `\`${each}\``).join(' or ')}.`,
    });
  }
  const wanted = mode === 'full' ? FULL : NONE;
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
