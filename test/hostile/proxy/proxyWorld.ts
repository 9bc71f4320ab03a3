import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { vi } from 'vitest';
import type { Engine } from '../../../src/image/engine';
import { execStream, plainLog } from '../../../src/machine/kvm/containerExec';
import { containerName, jail, proxyName, proxyVolumeName } from '../../../src/machine/kvm/jail';
import { EgressProxy } from '../../../src/network/egressProxy';
import type { NetworkMode } from '../../../src/settings/workspaceSpec';
import { engine, kitImage } from '../../integration/fixtures/machine';

const MOVES = readFileSync(join(__dirname, 'moves.pl'), 'utf8');
const SERVERS = readFileSync(join(__dirname, 'servers.pl'), 'utf8');
const MOVES_MS = 100_000;
/** squid ends itself if the program that decides ends within 30 seconds of its start. Later it starts another. */
export const YOUNG_SECONDS = 31;
/** The names that lead to the servers, by the Engine's own name server. Only the first is allowed. */
export const ALLOWED = 'allowed.test';
export const OTHER = 'other.test';
const VMM = `
exec {never}<> <(:)
while :; do
  [[ ! -S /proxy/life.sock ]] || socat -u UNIX-CONNECT:/proxy/life.sock /dev/null 2> /dev/null || true
  read -rt 0.2 -u "$never" || true
done`;

export const hex = (text: string) => Buffer.from(text, 'latin1').toString('hex');

/**
 * The real proxy of a machine, without the machine: in the VMM's place is a container with the VMM's walls that holds on to the proxy
 * as it does. Servers are in an internal network of the test's own, with documentation addresses.
 */
export class ProxyWorld {
  private constructor(
    readonly id: string,
    readonly egress: EgressProxy,
    readonly engine: Engine,
    /** Address of the servers. */
    readonly address: string,
    private readonly vmm: Docker.Container,
    private readonly servers: Docker.Container,
    private readonly network: Docker.Network,
  ) {}

  static async make(): Promise<ProxyWorld> {
    const connected = await engine();
    const { docker } = connected;
    const id = `squid-${randomBytes(4).toString('hex')}`;
    const undo: (() => Promise<unknown>)[] = [];
    try {
      const { network, name, address } = await freeNetwork(docker, id);
      undo.unshift(() => network.remove());
      const servers = await docker.createContainer({
        Image: await kitImage(),
        User: '0:0',
        Labels: { 'bulkhead.worker': 'test' },
        Entrypoint: ['perl', '-e', SERVERS],
        Cmd: [],
        HostConfig: { NetworkMode: name },
        NetworkingConfig: {
          EndpointsConfig: {
            [name]: { Aliases: [ALLOWED, OTHER], IPAMConfig: { IPv4Address: address } },
          },
        },
      });
      undo.unshift(() => servers.remove({ force: true }));
      await servers.start();
      const vmm = await docker.createContainer({
        name: containerName(id),
        Image: await kitImage(),
        User: '1234:1234',
        Labels: { 'bulkhead.worker': 'test' },
        Entrypoint: ['bash', '-c', VMM],
        Cmd: [],
        HostConfig: {
          ...jail(undefined),
          Mounts: [{ Type: 'volume', Source: proxyVolumeName(id), Target: '/proxy', ReadOnly: true }],
        },
      });
      undo.unshift(() =>
        vmm.remove({ force: true }).then(() => docker.getVolume(proxyVolumeName(id)).remove()),
      );
      await vmm.start();
      const egress = new EgressProxy(id, connected, { network: name });
      const world = new ProxyWorld(id, egress, connected, address, vmm, servers, network);
      await vi.waitUntil(async () => (await world.greeted()).includes('ready'), { timeout: 20_000 });
      return world;
    } catch (error) {
      for (const each of undo) {
        await each();
      }
      throw error;
    }
  }

  get proxy(): Docker.Container {
    return this.engine.docker.getContainer(proxyName(this.id));
  }

  /** A policy with one rule, `allowed.test`, as the app applies it. */
  async apply(mode: NetworkMode, signal?: AbortSignal): Promise<void> {
    await this.egress.apply(
      { mode, rules: mode === 'allowlist' ? [{ host: ALLOWED, from: 'machine' }] : [] },
      { machineRuns: true, ...(signal && { signal }) },
    );
  }

  /** A squid that has just begun, and has numbered no question yet. */
  async startAgain(): Promise<void> {
    await this.egress.stop();
    await this.apply('allowlist');
  }

  /** Runs moves (moves.pl) from where the guest's bytes come from; what each of them saw. */
  async play(moves: string[]): Promise<string[]> {
    const what = 'moves of a guest';
    const { stream, complaints, exitCode } = await execStream(this.engine, this.vmm, ['perl', '-e', MOVES], {
      what,
    });
    const timer = setTimeout(() => stream.destroy(new Error(`${what} did not end`)), MOVES_MS);
    try {
      stream.end(`${moves.join('\n')}\n`);
      const said = (await buffer(stream)).toString().trim();
      if ((await exitCode()) !== 0) {
        throw new Error(`${what}: ${complaints()}`);
      }
      return said === '' ? [] : said.split('\n');
    } finally {
      clearTimeout(timer);
    }
  }

  /** What the servers have printed. */
  async greeted(): Promise<string[]> {
    const log = (await this.servers.logs({ stdout: true, stderr: true })) as unknown as Buffer;
    return plainLog(log).trim().split('\n');
  }

  /** What a shell in the proxy's container prints, as its own account. */
  async inProxy(script: string): Promise<string> {
    const { stream } = await execStream(this.engine, this.proxy, ['bash', '-c', script], { what: script });
    stream.end();
    return (await buffer(stream)).toString().trim();
  }

  /** The process of the program that decides. */
  async helper(): Promise<string> {
    return this.inProxy(
      'for comm in /proc/[0-9]*/comm; do [[ $(< "$comm") != decide.pl ]] || echo "$comm"; done',
    );
  }

  /** Once squid would start it again, the program that decides hangs for some seconds, and is killed. */
  async killHelper(): Promise<void> {
    await this.inProxy(`
      sleep ${YOUNG_SECONDS}
      for comm in /proc/[0-9]*/comm; do
        if [[ $(< "$comm") == decide.pl ]]; then
          kill -STOP "\${comm//[!0-9]/}"; sleep 5; kill -KILL "\${comm//[!0-9]/}"
        fi
      done`);
  }

  /** What the proxy was told to obey. */
  async policy(): Promise<string> {
    const { stream } = await execStream(this.engine, this.vmm, ['cat', '/proxy/policy'], { what: 'policy' });
    stream.end();
    return (await buffer(stream)).toString();
  }

  /** This host's own address in the network of the servers. */
  get hostAddress(): string {
    return this.address.replace(/\d+$/, (last) => String(Number(last) - 4));
  }

  async proxyLog(): Promise<string> {
    return plainLog((await this.proxy.logs({ stdout: true, stderr: true })) as unknown as Buffer);
  }

  async dispose(): Promise<void> {
    const { docker } = this.engine;
    for (const container of [this.vmm, this.proxy, this.servers]) {
      await container.remove({ force: true });
    }
    await docker.getVolume(proxyVolumeName(this.id)).remove();
    await this.network.remove();
  }
}

/**
 * A sixteenth of 198.51.100.0/24 (TEST-NET-2, RFC 5737), the last one that is free: tests of other files, which have quarters of it
 * (EgressWorld), don't run at the same time in `npm test`, but those of another checkout may.
 */
async function freeNetwork(docker: Docker, id: string) {
  const name = `bulkhead-test-${id}`;
  for (let piece = 240; ; piece -= 16) {
    try {
      const network = (await docker.createNetwork({
        Name: name,
        CheckDuplicate: true,
        Internal: true,
        IPAM: { Driver: 'default', Config: [{ Subnet: `198.51.100.${piece}/28` }] },
      })) as unknown as Docker.Network;
      return { network, name, address: `198.51.100.${piece + 5}` };
    } catch (error) {
      if (piece === 0) {
        throw error;
      }
    }
  }
}
