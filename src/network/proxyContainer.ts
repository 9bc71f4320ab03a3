import type { ContainerCreateOptions } from 'dockerode';
import { workerName } from '../image/workerName';
import { JAIL_USER, jail, proxyName, proxyVolumeName } from '../machine/kvm/jail';
import { PROXY_LABEL } from '../machine/kvm/labels';
import type { EgressPlace } from './egressNetwork';

const MIB = 2 ** 20;
/** Where the kit has guest/proxy. */
export const PROXY_PROGRAMS = '/usr/lib/bulkhead/proxy';

/** What kept a proxy of older rules from being used again: the container is made anew when this changes. */
const VERSION_LABEL = 'bulkhead.proxy-version';
const VERSION = '2';

export function proxyVersionOf(labels: Record<string, string>): string {
  return labels[VERSION_LABEL] ?? '';
}

/**
 * The container through which a machine's requests leave: squid, with nothing but a network and the volume that it shares
 * with the VMM. It has none of its machine's disks, and the VMM has none of its network.
 */
export function proxyContainer(
  id: string,
  kitImage: string,
  network: string,
  place: EgressPlace,
): ContainerCreateOptions {
  return {
    name: proxyName(id),
    Image: kitImage,
    User: JAIL_USER,
    WorkingDir: '/',
    Hostname: 'proxy',
    StopTimeout: 2,
    Entrypoint: [`${PROXY_PROGRAMS}/proxy`],
    Cmd: [],
    Labels: { [PROXY_LABEL]: id, [VERSION_LABEL]: proxyVersion(place) },
    HostConfig: {
      ...jail(undefined),
      NetworkMode: network,
      Memory: 96 * MIB,
      MemorySwap: 96 * MIB,
      // A guest decides how much there is to decide.
      NanoCpus: 1e9,
      PidsLimit: 160,
      Tmpfs: { '/tmp': 'size=8m,mode=1777,nosuid,nodev,noexec' },
      // What the guest asked for is read from this log; it can't fill the host's disk with it.
      LogConfig: { Type: 'json-file', Config: { 'max-size': '2m', 'max-file': '2' } },
      Mounts: [{ Type: 'volume', Source: proxyVolumeName(id), Target: '/proxy' }],
      ...(place.dns && { Dns: place.dns }),
    },
  };
}

export function proxyVersion(place: EgressPlace): string {
  return [VERSION, ...(place.dns ?? [])].join(' ');
}

/** Puts the wall into the network of a running proxy (guest/proxy/wall), or takes it out: the one right it has is for that. */
export function wallContainer(
  proxyId: string,
  kitImage: string,
  mode: 'shut' | 'open',
  addresses: string[],
): ContainerCreateOptions {
  return withRightToRoutes(kitImage, `container:${proxyId}`, [`${PROXY_PROGRAMS}/wall`, mode, ...addresses]);
}

/** Tries the wall in a network of Docker's, in a container that nobody shares (guest/proxy/try-wall). */
export function wallTrial(kitImage: string, network: string): ContainerCreateOptions {
  return withRightToRoutes(kitImage, network, [`${PROXY_PROGRAMS}/try-wall`]);
}

function withRightToRoutes(
  kitImage: string,
  network: string,
  command: [string, ...string[]],
): ContainerCreateOptions {
  const { NetworkMode: _none, ...walls } = jail(undefined);
  return {
    name: workerName('wall'),
    Image: kitImage,
    User: '0:0',
    WorkingDir: '/',
    Entrypoint: command,
    Cmd: [],
    Labels: { 'bulkhead.worker': 'wall' },
    HostConfig: {
      ...walls,
      NetworkMode: network,
      CapAdd: ['NET_ADMIN'],
      Memory: 32 * MIB,
      MemorySwap: 32 * MIB,
      PidsLimit: 32,
    },
  };
}
