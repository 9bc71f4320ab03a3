import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { execOutput, runOnce } from '../../../src/machine/kvm/containerExec';
import { containerOf, engine, kitImage, type TestMachine } from '../../integration/fixtures/machine';

const PROBES = readFileSync(join(__dirname, 'probes.pl'), 'utf8');
const ARCH = process.arch === 'arm64' ? 'arm64' : 'amd64';
const PROBE_MS = 60_000;

/** What each try came to: `ok`, an errno's name, or what answered. */
export type Results = Record<string, string>;

/** Somewhere that probes can be run. */
export interface Place {
  probe(...args: string[]): Promise<Results>;
  sh(script: string): Promise<string>;
}

function read(output: string): Results {
  const lines = output.split('\n').filter((line) => line.includes(' '));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
  );
}

/** A shell in a running container, as the account that its program runs as: what an attacker has who took that program over. */
export function inContainer(container: Docker.Container): Place {
  const run = async (command: string[]) =>
    execOutput(await engine(), container, command, { what: 'a probe', ms: PROBE_MS });
  return {
    probe: async (...args) => read(await run(['perl', '-e', PROBES, ARCH, ...args])),
    sh: async (script) => (await run(['/bin/bash', '-uc', script])).trim(),
  };
}

/** The VMM's container, as if QEMU had fallen. */
export async function inVmm(machine: TestMachine): Promise<Place> {
  return inContainer(await containerOf(machine.id));
}

/** Root in the guest. */
export function inGuest(machine: TestMachine): Place {
  return {
    probe: async (...args) => {
      const result = await machine.exec(['perl', '-', ARCH, ...args], [], { input: PROBES });
      if (result.code !== 0) {
        throw new Error(`a probe in the guest: ${result.stderr}`);
      }
      return read(result.stdout);
    },
    sh: (script) => machine.sh(script),
  };
}

/** A container where the same probe must succeed: without it nobody could tell a wall from a probe that never works. */
export function unwalled(host: Docker.HostConfig, create: Docker.ContainerCreateOptions = {}): Place {
  const run = async (command: string[]) => {
    const container = {
      Image: await kitImage(),
      Entrypoint: [command[0] ?? ''],
      Cmd: command.slice(1),
      User: '0:0',
      ...create,
      HostConfig: { NetworkMode: 'none', ...host },
    };
    const { output } = await runOnce(await engine(), container, { what: 'a probe’s control', ms: PROBE_MS });
    return output;
  };
  return {
    probe: async (...args) => read(await run(['perl', '-e', PROBES, ARCH, ...args])),
    sh: (script) => run(['/bin/bash', '-uc', script]),
  };
}

/** All that Docker can give, but what this very host may lack (a capability that it doesn't have can't be given). */
export const EVERYTHING: Docker.HostConfig & { MaskedPaths: string[]; ReadonlyPaths: string[] } = {
  CapAdd: ['ALL'],
  CapDrop: ['SYS_RESOURCE'],
  SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined'],
  MaskedPaths: [],
  ReadonlyPaths: [],
};

const ANSWER = 'bulkhead-stand-in';

/** A server in a container of the test's own, and the network that it is in. */
export interface StandIn {
  container: Docker.Container;
  /** `<address>:<port>` */
  address: string;
  /** Undefined for one that has only its own loopback. */
  network: string | undefined;
  dispose(): Promise<void>;
}

/** What a probe says that reached a stand-in. */
export const REACHED = `answered: ${ANSWER}`;

/**
 * A machine of "the LAN": a container on a network of the test's own. Only 198.51.100.0/24 (TEST-NET-2, RFC 5737) is used, and
 * the network is internal: nothing leads out of it.
 */
export async function lanStandIn(): Promise<StandIn> {
  const { docker } = await engine();
  for (let tries = 0; ; tries++) {
    const third = Math.floor(Math.random() * 16) * 16;
    const name = `bulkhead-test-lan-${randomBytes(4).toString('hex')}`;
    try {
      const network = await docker.createNetwork({
        Name: name,
        Internal: true,
        IPAM: { Driver: 'default', Config: [{ Subnet: `198.51.100.${third}/28` }] },
      });
      const address = `198.51.100.${third + 5}`;
      const container = await docker.createContainer({
        Image: await kitImage(),
        Entrypoint: ['socat'],
        Cmd: ['TCP-LISTEN:8080,reuseaddr,fork', `SYSTEM:echo ${ANSWER}`],
        HostConfig: { NetworkMode: name },
        NetworkingConfig: { EndpointsConfig: { [name]: { IPAMConfig: { IPv4Address: address } } } },
      });
      await container.start();
      return {
        container,
        address: `${address}:8080`,
        network: name,
        dispose: async () => {
          await container.remove({ force: true });
          await network.remove();
        },
      };
    } catch (error) {
      // Another test's network may have the same piece.
      if (tries >= 10) {
        throw error;
      }
    }
  }
}

/** The metadata service of a cloud, on the loopback of a container that nobody shares. */
export async function metadataStandIn(): Promise<StandIn> {
  const { docker } = await engine();
  const container = await docker.createContainer({
    Image: await kitImage(),
    User: '0:0',
    Entrypoint: ['perl', '-e', ADD_ADDRESS],
    Cmd: ['169.254.169.254', 'socat', 'TCP-LISTEN:80,reuseaddr,fork', `SYSTEM:echo ${ANSWER}`],
    HostConfig: { NetworkMode: 'none', CapAdd: ['NET_ADMIN'] },
  });
  await container.start();
  return {
    container,
    address: '169.254.169.254:80',
    network: undefined,
    dispose: () => container.remove({ force: true }).then(() => undefined),
  };
}

/** SIOCSIFADDR (linux/sockios.h) on an alias of the loopback: the kit has no iproute2. */
const ADD_ADDRESS = `
use Socket;
my $address = shift;
socket(my $s, AF_INET, SOCK_DGRAM, 0) or die;
my $request = pack('a16 S n a4 x8', 'lo:1', AF_INET, 0, inet_aton($address));
ioctl($s, 0x8916, $request) or die "address: $!";
exec @ARGV;
`;
