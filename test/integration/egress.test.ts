import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type App, createApp } from '../../src/app';
import { modeOf, startEgress } from '../../src/app/machineNetwork';
import { chooseHosts } from '../../src/app/networkPolicy';
import { Services } from '../../src/app/services';
import { silentLog } from '../../src/core/log';
import type { MachineInfo } from '../../src/machine/hypervisor';
import { containerName, onceContainer, proxyName, proxyVolumeName } from '../../src/machine/kvm/jail';
import type { NetworkRow } from '../../src/network/networkService';
import { EGRESS_FOLDER, httpStatus } from './fixtures/egressGuest';
import { EgressWorld } from './fixtures/egressWorld';
import { engine, kitImage, TestMachine } from './fixtures/machine';

let world: EgressWorld;
let machine: TestMachine;
let app: App;

beforeAll(async () => {
  world = await EgressWorld.make(
    1,
    ['allowed.test', 'other.test', 'a.below.test', 'once.test'],
    ({ web, host }) => ({
      'open.lan.test': [web],
      'host.lan.test': [host],
    }),
  );
  machine = await TestMachine.open('egress', EGRESS_FOLDER, world.env);
  Object.assign(process.env, world.env);
  app = createApp({ log: silentLog, proxyCommand: [], dataDirectory: machine.cli.dataDirectory });
});

afterAll(async () => {
  app?.dispose();
  for (const name of Object.keys(world?.env ?? {})) {
    delete process.env[name];
  }
  await machine?.dispose();
  await world?.dispose();
});

const status = (url: string, ...flags: string[]) => httpStatus(machine, url, ...flags);

async function rowOf(host: string, port = 80): Promise<NetworkRow | undefined> {
  return (await app.networkRows(machine.id)).find((row) => row.host === host && row.port === port);
}

async function allow(...hosts: string[]): Promise<void> {
  await machine.bulkhead('net', ...hosts.flatMap((host) => ['--allow', host]));
}

async function running(name: string): Promise<boolean> {
  return (await (await engine()).docker.getContainer(name).inspect()).State.Running;
}

/** A download in the guest that goes on for ever; `size` is what it has got so far. */
async function download(name: string, url: string) {
  await machine.sh(`curl -skN ${url} > /tmp/${name} 2> /dev/null & echo $! > /tmp/${name}.pid`);
  const size = async () => Number(await machine.sh(`stat -c %s /tmp/${name}`));
  await vi.waitUntil(async () => (await size()) > 0, { timeout: 20_000, interval: 200 });
  return {
    size,
    ended: () => machine.sh(`kill -0 $(cat /tmp/${name}.pid) 2> /dev/null && echo no || echo yes`),
  };
}

describe('by default', () => {
  test('a machine has an allowlist with nothing on it', async () => {
    const machines = (await machine.cli.ok(['ls', '--json'])).lines<MachineInfo>();
    expect(machines.find(({ id }) => id === machine.id)?.networkMode).toBe('allowlist');
    expect((await machine.bulkhead('net', '--json')).json()).toEqual({
      id: machine.id,
      network: 'allowlist',
      rules: [],
    });
    expect(await status('http://allowed.test/')).toBe('403');
    expect(await status('https://allowed.test/')).toBe('403');
    expect(await rowOf('allowed.test')).toMatchObject({ allowed: false, reason: 'host', deniedCount: 1 });
  });

  test('neither VMM nor proxy has more than it needs', async () => {
    const { docker } = await engine();
    const vmm = await docker.getContainer(containerName(machine.id)).inspect();
    expect(Object.keys(vmm.NetworkSettings.Networks)).toEqual(['none']);
    const proxy = await docker.getContainer(proxyName(machine.id)).inspect();
    expect(proxy.Config.User).toBe('1234:1234');
    expect(proxy.HostConfig).toMatchObject({
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      Memory: 96 * 2 ** 20,
    });
    expect(proxy.HostConfig.CapAdd ?? []).toEqual([]);
    expect(proxy.HostConfig.Privileged).toBe(false);
    expect(Object.keys(proxy.NetworkSettings.Networks)).toEqual([world.name]);
    expect(proxy.NetworkSettings.Ports).toEqual({});
    expect(proxy.Mounts.map(({ Destination }) => Destination)).toEqual(['/proxy']);
    const walls = await docker.listContainers({ all: true, filters: { label: ['bulkhead.worker=wall'] } });
    expect(walls).toEqual([]);
  });

  test('the proxy’s variables are there, and an image’s own win', async () => {
    expect(await machine.sh('echo $HTTP_PROXY $https_proxy $no_proxy')).toBe(
      'http://10.0.2.2:3128 http://10.0.2.2:3128 localhost,127.0.0.1,::1',
    );
    expect(await machine.sh('apt-config dump Acquire::http::Proxy')).toContain('http://10.0.2.2:3128');
  });
});

describe('allowed hosts', () => {
  beforeAll(() => allow('allowed.test', '*.below.test', 'allowed.test:8080'));

  test('are reached, over HTTP, TLS and a port of their own', async () => {
    expect(await status('http://allowed.test/')).toBe('200');
    expect(await status('https://allowed.test/')).toBe('200');
    expect(await status('http://a.below.test/')).toBe('200');
    expect(await status('http://allowed.test:8080/', '--proxytunnel')).toBe('200');
    expect(await rowOf('allowed.test', 443)).toMatchObject({ allowed: true });
  });
});

describe('addresses', () => {
  beforeAll(() => allow('*.lan.test', 'gone.test'));

  test('a name that leads to the host is told as that', async () => {
    expect(await status('http://open.lan.test/')).toBe('200');
    expect(await status('http://host.lan.test/')).toBe('403');
    expect(await rowOf('host.lan.test')).toMatchObject({ allowed: false, reason: 'address' });
  });

  test('a name without an address is told as that', async () => {
    expect(await status('http://gone.test/')).toBe('503');
    expect(await rowOf('gone.test')).toMatchObject({ allowed: false, reason: 'unresolved' });
  });
});

describe('a running machine', () => {
  test('`none` stops a download, `allowlist` lets the next one flow', async () => {
    const running = await download('mode', 'http://allowed.test/endless');
    const tunnel = await download('tunnel', 'https://allowed.test/endless');
    const clock = await guestClock();
    const before = Date.now();
    await app.setNetwork(machine.id, 'none');
    const switched = Date.now();
    const [size, tunnelled] = [await running.size(), await tunnel.size()];
    await delay(1500);
    expect([await running.size(), await tunnel.size()]).toEqual([size, tunnelled]);
    console.log(
      `none: the switch took ${switched - before} ms, the last byte came ${await lastWrite('mode', clock, before)} ms after it was asked for`,
    );
    expect(await status('http://allowed.test/')).not.toBe('200');
    const again = Date.now();
    await app.setNetwork(machine.id, 'allowlist');
    const open = Date.now();
    expect(await status('http://allowed.test/')).toBe('200');
    console.log(`allowlist: the switch took ${open - again} ms`);
  });

  test('a host that is taken back loses its connections, and only it does', async () => {
    await allow('other.test');
    const kept = await download('kept', 'https://other.test/endless');
    const lost = await download('lost', 'https://allowed.test/endless');
    const clock = await guestClock();
    const before = Date.now();
    await app.revokeHost(machine.id, 'allowed.test');
    await vi.waitUntil(async () => (await lost.ended()) === 'yes', { timeout: 10_000 });
    console.log(
      `revoke: the last byte came ${await lastWrite('lost', clock, before)} ms after it was asked for`,
    );
    const size = await kept.size();
    await vi.waitUntil(async () => (await kept.size()) > size, { timeout: 10_000 });
    expect(await status('https://allowed.test/')).toBe('403');
    await app.allowHost(machine.id, 'allowed.test', 'once');
    expect(await status('https://allowed.test/')).toBe('200');
    const more = await kept.size();
    await vi.waitUntil(async () => (await kept.size()) > more, { timeout: 10_000 });
    await machine.sh('kill $(cat /tmp/kept.pid)');
  });

  test('a host that was allowed once loses its connections when the time is over, and only it does', async () => {
    await allow('other.test');
    await app.allowHost(machine.id, 'once.test', 'once');
    const kept = await download('lasting', 'https://other.test/endless');
    const lost = [
      await download('once', 'https://once.test/endless'),
      await download('once-plain', 'http://once.test/endless'),
    ];
    // The same rule with an end that can be waited for.
    const services = new Services(silentLog, machine.cli.dataDirectory, [], {});
    const until = Date.now() + 20_000;
    await chooseHosts(services, machine.id, [{ host: 'once.test', from: 'once', until }]);
    await app.setNetwork(machine.id, 'allowlist');
    for (const each of lost) {
      const size = await each.size();
      await vi.waitUntil(async () => (await each.size()) > size, { timeout: 15_000 });
    }
    for (const each of lost) {
      await vi.waitUntil(async () => (await each.ended()) === 'yes', { timeout: 60_000, interval: 300 });
    }
    expect(Date.now()).toBeGreaterThanOrEqual(until);
    const size = await kept.size();
    await vi.waitUntil(async () => (await kept.size()) > size, { timeout: 10_000 });
    await machine.sh('kill $(cat /tmp/lasting.pid)');
    expect(await status('https://once.test/')).toBe('403');
    expect((await app.networkPolicy(machine.id)).rules.map(({ host }) => host)).not.toContain('once.test');
  });

  test('each request is told as it comes, and rows count them', async () => {
    const follower = machine.cli.start(['net', machine.id, '--log', '--follow', '--json']);
    let said = '';
    follower.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    await vi.waitUntil(
      async () => {
        await status('http://unheard-of.test/');
        return said.includes('unheard-of.test');
      },
      { timeout: 30_000 },
    );
    follower.kill('SIGINT');
    expect((await follower.finished).code).toBe(130);
    expect(JSON.parse(said.split('\n')[0] ?? '')).toMatchObject({ host: 'unheard-of.test', reason: 'host' });
    const row = await rowOf('unheard-of.test');
    expect(row?.count).toBe(row?.deniedCount);
  });

  test('`full` lets everything through, the proxy too', async () => {
    await machine.bulkhead('net', 'full');
    expect(await status('http://never-allowed.test/')).not.toBe('403');
    expect(await status('http://other.test/')).toBe('200');
    await machine.bulkhead('net', 'allowlist');
    expect(await status('http://never-allowed.test/')).toBe('403');
    expect(await status('http://host.lan.test/')).toBe('403');
  });
});

describe('a proxy', () => {
  test('that was killed is a shut network until it is asked for again', async () => {
    await (await engine()).docker.getContainer(proxyName(machine.id)).kill();
    expect(await status('http://other.test/')).toBe('000');
    await machine.bulkhead('net', 'allowlist');
    expect(await status('http://other.test/')).toBe('200');
  });

  test('sleeps and wakes with its machine', async () => {
    await machine.bulkhead('suspend');
    expect(await running(proxyName(machine.id))).toBe(false);
    expect((await app.networkRows(machine.id)).length).toBeGreaterThan(0);
    await machine.bulkhead('resume');
    expect(await status('http://other.test/')).toBe('200');
    expect(await status('http://host.lan.test/')).toBe('403');
  });

  test('that the user shuts while the machine starts stays shut', async () => {
    const services = new Services(silentLog, machine.cli.dataDirectory, [], {});
    try {
      // As a start that began before the user spoke, and reaches the proxy after.
      const decided = await modeOf(services, await services.machine(machine.id), {});
      expect(decided.mode).toBe('allowlist');
      await machine.bulkhead('net', 'none');
      expect(await startEgress(services, machine.id, decided, { fresh: true })).toBeUndefined();
      expect((await app.networkPolicy(machine.id)).mode).toBe('none');
      expect(await status('http://other.test/')).toBe('000');
    } finally {
      services.dispose();
    }
    await machine.bulkhead('net', 'allowlist');
    expect(await status('http://other.test/')).toBe('200');
  });

  test('that the user shuts in the midst of an `up` stays shut', async () => {
    await machine.bulkhead('stop');
    let shut: Promise<void> | undefined;
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === 'boot') {
        shut ??= app.setNetwork(machine.id, 'none');
      }
    };
    await app.up(machine.workspace.folder, { onProgress });
    await shut;
    expect(shut).toBeDefined();
    expect((await app.networkPolicy(machine.id)).mode).toBe('none');
    expect(await status('http://other.test/')).toBe('000');
    await machine.bulkhead('net', 'allowlist');
    // Asked, and answered one way or the other.
    expect(await status('http://other.test/')).not.toBe('000');
  });

  test('ends with a VMM that was killed, and goes with its machine', async () => {
    const { docker } = await engine();
    await docker.getContainer(containerName(machine.id)).kill();
    await vi.waitUntil(async () => !(await running(proxyName(machine.id))), {
      timeout: 15_000,
      interval: 200,
    });
    // Somebody who looks into its volumes for a moment does not keep them.
    const look = onceContainer(await kitImage(), ['/bin/sleep', '4'], { machineId: machine.id });
    const { HostConfig: walls = {} } = look;
    const proxyVolume = { Type: 'volume' as const, Source: proxyVolumeName(machine.id), Target: '/proxy' };
    const Mounts = [...(walls.Mounts ?? []), proxyVolume];
    const holder = await docker.createContainer({
      ...look,
      HostConfig: { ...walls, Mounts, AutoRemove: true },
    });
    await holder.start();
    await machine.bulkhead('rm', '--force');
    const left = await docker.listContainers({ all: true, filters: { name: [machine.id] } });
    expect(left).toEqual([]);
    const { Volumes: volumes } = await docker.listVolumes({ filters: { name: [machine.id] } });
    expect(volumes).toEqual([]);
  });
});

/** Milliseconds that the guest's clock is ahead of this host's, as well as a round trip tells. */
async function guestClock(): Promise<number> {
  const guest = await app.guest(machine.id);
  let best = { trip: Number.POSITIVE_INFINITY, ahead: 0 };
  for (let round = 0; round < 8; round++) {
    const before = Date.now();
    const { stdout } = await guest.run({ argv: ['date', '+%s%3N'] });
    const after = Date.now();
    if (after - before < best.trip) {
      best = { trip: after - before, ahead: Number(stdout.toString()) - (before + after) / 2 };
    }
  }
  return best.ahead;
}

async function lastWrite(name: string, clock: number, since: number): Promise<number> {
  const at = Number(await machine.sh(`date -r /tmp/${name} +%s%3N`));
  return Math.round(at - clock - since);
}
