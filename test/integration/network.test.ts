import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Container } from 'dockerode';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createApp } from '../../src/app';
import { silentLog } from '../../src/core/log';
import type { MachineInfo } from '../../src/machine/hypervisor';
import { engine, kitImage, TestMachine } from './fixtures/machine';
import { bareImage } from './fixtures/workspace';

const PORT = 7077;
const WORD = randomBytes(16).toString('hex');

let machine: TestMachine;
/** Stands in for a host on the network: a container on Docker's default bridge that greets whoever connects. */
let stranger: Container;
let address: string;
let gateway: string;
/** Listens on the host's own loopback, which no guest may ever reach. */
let local: Server;
let localPort: number;
const greeted: string[] = [];

beforeAll(async () => {
  const { docker } = await engine();
  stranger = await docker.createContainer({
    Image: await kitImage(),
    Labels: { 'bulkhead.worker': 'test' },
    Entrypoint: ['socat', `TCP-LISTEN:${PORT},fork,reuseaddr`, `SYSTEM:echo ${WORD}`],
    Cmd: [],
  });
  await stranger.start();
  const bridge = (await stranger.inspect()).NetworkSettings.Networks['bridge'];
  address = bridge?.IPAddress ?? '';
  gateway = bridge?.Gateway ?? '';
  local = createServer((socket) => {
    greeted.push(socket.remoteAddress ?? '');
    socket.end(`${WORD}\n`);
  });
  await new Promise<void>((resolve) => local.listen(0, '127.0.0.1', resolve));
  const bound = local.address();
  localPort = typeof bound === 'object' && bound !== null ? bound.port : 0;
  machine = await TestMachine.open('network', bareImage({ network: { mode: 'none' } }));
});

afterAll(async () => {
  await machine?.dispose();
  await stranger?.remove({ force: true });
  await new Promise((resolve) => local?.close(resolve));
});

/** What a TCP server says to the guest, or nothing. */
async function heard(host: string, port: number): Promise<string> {
  const argv = [
    '/.bulkhead/bin/busybox',
    'timeout',
    '15',
    '/.bulkhead/bin/busybox',
    'nc',
    '-w',
    '10',
    host,
    String(port),
  ];
  return (await machine.exec(argv)).stdout.trim();
}

async function listedMode(): Promise<string | undefined> {
  const machines = (await machine.cli.ok(['ls', '--json'])).lines<MachineInfo>();
  return machines.find(({ id }) => id === machine.id)?.networkMode;
}

async function expectHostShut(): Promise<void> {
  // 10.0.2.2 is what the guest's gateway is to QEMU's user network: the loopback of wherever QEMU runs.
  for (const host of ['10.0.2.2', gateway, '127.0.0.1']) {
    expect(await heard(host, localPort)).toBe('');
  }
  expect(greeted).toEqual([]);
}

test('with `none` the guest reaches nothing', async () => {
  expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  expect(await listedMode()).toBe('none');
  expect(await heard(address, PORT)).toBe('');
  await expectHostShut();
});

test('`net full` opens the network of the running machine, but never the host’s loopback', async () => {
  const boot = await machine.sh('cat /proc/sys/kernel/random/boot_id');
  await machine.bulkhead('net', 'full');
  expect(await listedMode()).toBe('full');
  expect(await heard(address, PORT)).toBe(WORD);
  await expectHostShut();
  expect(await machine.sh('cat /proc/sys/kernel/random/boot_id')).toBe(boot);
});

test('`net none` shuts it again', async () => {
  await machine.bulkhead('net', 'none');
  expect(await listedMode()).toBe('none');
  expect(await heard(address, PORT)).toBe('');
  expect((await machine.bulkhead('net', '--json')).json()).toMatchObject({
    id: machine.id,
    network: 'none',
  });
});

test('a switched network is news for every window, a connection to the guest is not', async () => {
  const app = createApp({ log: silentLog, proxyCommand: [], dataDirectory: machine.cli.dataDirectory });
  let news = 0;
  const following = app.onDidChangeMachines(() => {
    news += 1;
  });
  try {
    // The first switch says that the events are followed by now.
    await vi.waitFor(
      async () => {
        await machine.bulkhead('net', 'full');
        await machine.bulkhead('net', 'none');
        expect(news).toBeGreaterThan(0);
      },
      { timeout: 60_000 },
    );
    await vi.waitUntil(
      async () => {
        const sofar = news;
        await delay(1000);
        return news === sofar;
      },
      { timeout: 60_000 },
    );
    const before = news;
    for (let connection = 0; connection < 4; connection++) {
      await machine.sh('true');
    }
    await machine.bulkhead('net', 'full');
    await vi.waitFor(() => expect(news).toBeGreaterThan(before), { timeout: 20_000, interval: 50 });
    // One for each network that the VMM and its proxy left and joined, at most.
    expect(news - before).toBeLessThanOrEqual(4);
  } finally {
    following.dispose();
    app.dispose();
    await machine.bulkhead('net', 'none');
  }
});

test('a folder can’t grant itself the network', async () => {
  await machine.workspace.write(bareImage({ network: { mode: 'full' } }));
  await machine.cli.run(['up', machine.workspace.folder]);
  expect(await listedMode()).toBe('none');
  expect(await heard(address, PORT)).toBe('');
});
