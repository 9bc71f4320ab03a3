import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type App, createApp, type PortForward, type ResourceSample } from '../../src/app';
import { delay } from '../../src/core/deadline';
import { silentLog } from '../../src/core/log';
import type { GuestProcess } from '../../src/guest/guest';
import type { ListeningPort } from '../../src/guest/guestWatch';
import { containerOf, TestMachine } from './fixtures/machine';
import { bareImage } from './fixtures/workspace';

const MIB = 2 ** 20;
const BUSYBOX = '/.bulkhead/bin/busybox';
const DEADLINE_MS = 60_000;

const LOOPBACK = `
  use IO::Socket::INET;
  my $all = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1:3456') or die; sleep 600`;
/** Says "six" to whoever connects to [::1]:4343. */
const ONLY_IPV6 = `
  use Socket qw(:all);
  socket(my $all, AF_INET6, SOCK_STREAM, 0) or die;
  bind($all, pack_sockaddr_in6(4343, inet_pton(AF_INET6, '::1'))) && listen($all, 5) or die;
  while (accept(my $peer, $all)) { syswrite $peer, "six\n"; close $peer }`;

let machine: TestMachine;
let app: App;

beforeAll(async () => {
  machine = await TestMachine.open('resources', bareImage());
  const { dataDirectory } = machine.cli;
  app = createApp({ log: silentLog, dataDirectory, proxyCommand: ['bulkhead'] });
});

afterAll(async () => {
  app?.dispose();
  await machine?.dispose();
});

/** The first sample for which this is true. */
async function sampleWhere(
  what: string,
  holds: (sample: ResourceSample) => boolean,
): Promise<ResourceSample> {
  let last: ResourceSample | undefined;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => finish(() => reject(new Error(`No sample where ${what}; the last: ${JSON.stringify(last)}`))),
      DEADLINE_MS,
    );
    const watch = app.watchResources(machine.id, {
      onSample: (sample) => {
        last = sample;
        if (holds(sample)) {
          finish(() => resolve(sample));
        }
      },
      onEnd: (error) => finish(() => reject(error)),
    });
    const finish = (then: () => void) => {
      clearTimeout(timer);
      watch.dispose();
      then();
    };
  });
}

/** The first list of ports for which this is true. */
async function portsWhere(
  what: string,
  holds: (ports: ListeningPort[]) => boolean,
): Promise<ListeningPort[]> {
  let last: ListeningPort[] | undefined;
  const controller = new AbortController();
  return new Promise((resolve, reject) => {
    const watch = app.watchPorts(machine.id, {
      onPorts: (ports) => {
        last = ports;
        if (holds(ports)) {
          // A list that is known already comes before `watch` is.
          setImmediate(() => finish(() => resolve(ports)));
        }
      },
      onEnd: (error) => finish(() => reject(error)),
    });
    const finish = (then: () => void) => {
      controller.abort();
      watch.dispose();
      then();
    };
    delay(DEADLINE_MS, controller.signal).then(
      () => finish(() => reject(new Error(`No list where ${what}; the last: ${JSON.stringify(last)}`))),
      () => undefined,
    );
  });
}

async function eventually<T>(look: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (const until = Date.now() + DEADLINE_MS; ; await delay(200)) {
    const value = await look();
    if (holds(value) || Date.now() > until) {
      return value;
    }
  }
}

async function inGuest(...argv: [string, ...string[]]): Promise<GuestProcess> {
  return (await app.guest(machine.id)).spawn({ argv });
}

/** Ends a process of the guest, and waits until it has gone. */
async function end(process: GuestProcess): Promise<void> {
  // It reaches only the program that minds it, which takes its own with it.
  process.signal('KILL');
  await process.exited.catch(() => undefined);
}

/** Command lines of watchers that run in the guest. */
const watchers = () =>
  machine.sh(
    `for file in /proc/[0-9]*/cmdline; do tr '\\0' ' ' < $file 2>/dev/null || true; echo; done | grep '^session -c bulkhead-control watch' || true`,
  );

const hasNone = (ports: ListeningPort[]) => ports.length === 0;
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('resources', () => {
  test('a busy program shows on both sides, with its name', async () => {
    const idle = await sampleWhere('the guest says something', ({ guest }) => guest !== undefined);
    expect(idle.host.vcpuPercent).toHaveLength(idle.guest?.cpuPercent.length ?? 0);
    expect(idle.host.network).toBeUndefined();
    expect(idle.host.memoryLimitBytes).toBeGreaterThan(640 * MIB);
    const burner = await inGuest('/bin/sh', '-c', 'while :; do :; done');
    const busy = await sampleWhere(
      'both sides see a CPU at work',
      ({ host, guest }) =>
        Math.max(...host.vcpuPercent) > 25 &&
        Math.max(...(guest?.cpuPercent ?? [0])) > 25 &&
        (guest?.processes[0]?.cpuPercent ?? 0) > 25,
    );
    expect(busy.host.cpuPercent).toBeGreaterThan(25);
    expect(busy.guest?.processes[0]).toMatchObject({ name: 'sh', uid: 0 });
    expect(busy.guest?.processes.filter(({ kit }) => kit).map(({ name }) => name)).toContain('init');
    await end(burner);
  });

  test('memory that the guest takes is memory that the host pays', async () => {
    const before = await sampleWhere('the guest says something', ({ guest }) => guest !== undefined);
    await machine.sh('dd if=/dev/urandom of=/dev/shm/taken bs=1M count=120 status=none');
    const after = await sampleWhere(
      'both sides have 100 MiB more',
      ({ host, guest }) =>
        host.memoryBytes - before.host.memoryBytes > 100 * MIB &&
        (guest?.memory.usedBytes ?? 0) - (before.guest?.memory.usedBytes ?? 0) > 100 * MIB,
    );
    const { memory } = after.guest ?? {};
    expect((memory?.usedBytes ?? 0) + (memory?.cachedBytes ?? 0) + (memory?.freeBytes ?? 0)).toBe(
      memory?.totalBytes,
    );
    await machine.sh('rm /dev/shm/taken');
  });

  test('what is written takes space on the upper disk', async () => {
    const before = await app.diskUse(machine.id);
    expect(before.layers.length).toBeGreaterThan(0);
    expect(before.upperBytes).toBeGreaterThan(0);
    expect(before.upperLimitBytes).toBeGreaterThan(before.upperBytes);
    expect(before.savedMemoryBytes).toBe(0);
    const layers = before.layers.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(before.sharedBytes + before.ownBytes).toBeGreaterThan(layers);
    await machine.sh('dd if=/dev/urandom of=/root/written bs=1M count=40 status=none; sync');
    const after = await app.diskUse(machine.id);
    expect(after.upperBytes - before.upperBytes).toBeGreaterThan(35 * MIB);
    const sample = await sampleWhere(
      'the guest’s disk has it',
      ({ guest }) => (guest?.disk.usedBytes ?? 0) > 40 * MIB,
    );
    expect(sample.host.upperDiskBytes).toBeGreaterThan(35 * MIB);
    await machine.sh('rm /root/written');
  });

  test('stats --json has both sides', async () => {
    const stats = (await machine.bulkhead('stats', '--json')).json<ResourceSample & { cpuNs: number }>();
    expect(stats.cpuNs).toBeGreaterThan(0);
    expect(stats.host.memoryBytes).toBeGreaterThan(100 * MIB);
    expect(stats.guest?.memory.totalBytes).toBeGreaterThan(400 * MIB);
  });

  test('nobody watches any more: both watchers are gone', async () => {
    expect(await eventually(watchers, (text) => text === '')).toBe('');
    const container = await containerOf(machine.id);
    const commands = async () => JSON.stringify(await container.top());
    expect(await eventually(commands, (text) => !text.includes('sampler'))).not.toContain('sampler');
  });
});

describe('ports', () => {
  test('a listener comes with its process, and goes with it', async () => {
    expect(await app.ports(machine.id)).toEqual([]);
    const listener = await inGuest('perl', '-e', LOOPBACK);
    const found = await portsWhere('it is there', (ports) => ports.length === 1);
    expect(found).toEqual([
      { port: 3456, address: 'loopback', process: { pid: expect.any(Number), name: 'perl' } },
    ]);
    const listed = (await machine.bulkhead('ports', '--json')).lines<ListeningPort>();
    expect(listed).toEqual(found);
    await end(listener);
    await portsWhere('it has gone', hasNone);
  });

  test('fifty at once, one of them with a name that no terminal should see', async () => {
    const script = `
      use IO::Socket::INET; $0 = "\\e[2Jevil\\n";
      my @all = map { IO::Socket::INET->new(Listen => 1, LocalAddr => '0.0.0.0:' . (5000 + $_)) or die } 1..50;
      sleep 600`;
    const listener = await inGuest('perl', '-e', script);
    const found = await portsWhere('all are there', (ports) => ports.length === 50);
    expect(found.map(({ port }) => port)).toEqual(Array.from({ length: 50 }, (_, n) => 5001 + n));
    expect(new Set(found.map(({ address }) => address))).toEqual(new Set(['any']));
    expect(new Set(found.map(({ process }) => process?.name))).toEqual(new Set(['evil']));
    await end(listener);
    await portsWhere('all have gone', hasNone);
  });

  test('a guest whose agent lies is refused, and can be asked again when it does not', async () => {
    // Root in the guest may put anything in the agent's place.
    await machine.sh(`
      cp ${BUSYBOX.replace('busybox', 'session')} /.bulkhead/tmp/true-session
      printf '%s\\n' '#!/.bulkhead/bin/busybox sh' 'case "$2" in' \
        '*"watch ports"*) echo "ports 1000000 80 any 1 -"; while :; do echo "ports 0"; done ;;' \
        '*) exec /tmp/true-session "$@" ;; esac' > /.bulkhead/tmp/liar
      chmod 0755 /.bulkhead/tmp/liar
      mount --bind /.bulkhead/tmp/liar /.bulkhead/bin/session`);
    await expect(app.ports(machine.id)).rejects.toThrow(/The VM’s watcher/);
    await machine.sh('umount /.bulkhead/bin/session');
    expect(await app.ports(machine.id)).toEqual([]);
  });
});

describe('forwards', () => {
  let echo: GuestProcess;

  beforeAll(async () => {
    echo = await inGuest(BUSYBOX, 'nc', '-ll', '-p', '4242', '-e', 'cat');
    await portsWhere('the echo listens', (ports) => ports.some(({ port }) => port === 4242));
  });

  afterAll(() => end(echo));

  async function dial({ localPort }: PortForward): Promise<Socket> {
    const socket = createConnection({ host: '127.0.0.1', port: localPort });
    await once(socket, 'connect');
    return socket;
  }

  test('20 MB go there and come back as they were', async () => {
    const forward = await app.forwardPort(machine.id, 4242);
    const socket = await dial(forward);
    expect(socket.remoteAddress).toBe('127.0.0.1');
    const sent = randomBytes(20 * MIB);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.end(sent);
    await once(socket, 'close');
    const received = Buffer.concat(chunks);
    expect(received).toHaveLength(sent.length);
    expect(sha256(received)).toBe(sha256(sent));
    forward.dispose();
    expect(await forward.closed).toBeUndefined();
  });

  test('the local port is the same number, another if that is taken, or the one that was asked for', async () => {
    const same = await app.forwardPort(machine.id, 4242);
    const other = await app.forwardPort(machine.id, 4242);
    expect(other.localPort).not.toBe(same.localPort);
    await expect(app.forwardPort(machine.id, 80, { localPort: same.localPort })).rejects.toMatchObject({
      kind: 'usage',
    });
    const asked = await app.forwardPort(machine.id, 4242, { localPort: other.localPort + 1 });
    expect(asked.localPort).toBe(other.localPort + 1);
    for (const forward of [same, other, asked]) {
      forward.dispose();
    }
  });

  test('a program that listens on ::1 only is reached', async () => {
    const listener = await inGuest('perl', '-e', ONLY_IPV6);
    await portsWhere('it listens', (ports) => ports.some(({ port }) => port === 4343));
    const forward = await app.forwardPort(machine.id, 4343);
    const socket = await dial(forward);
    const [said] = await once(socket, 'data');
    expect(String(said)).toBe('six\n');
    socket.destroy();
    forward.dispose();
    await end(listener);
  });

  test('a port where nothing listens closes the connection', async () => {
    const forward = await app.forwardPort(machine.id, 4545);
    const socket = await dial(forward);
    await new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve));
    forward.dispose();
  });

  test('ports --forward prints where, until it is interrupted', async () => {
    const cli = machine.cli.start(['ports', machine.id, '--forward', '4242', '--json']);
    const [line] = (await once(cli.stdout, 'data')) as [Buffer];
    const { localPort } = JSON.parse(line.toString()) as { localPort: number };
    const socket = createConnection({ host: '127.0.0.1', port: localPort });
    socket.write('hello\n');
    expect(String((await once(socket, 'data'))[0])).toBe('hello\n');
    const closed = once(socket, 'close');
    cli.kill('SIGINT');
    expect((await cli.finished).code).toBe(130);
    await closed;
  });
});

test('a suspend ends what watches and forwards, and a resume begins anew', async () => {
  const ended: string[] = [];
  const forward = await app.forwardPort(machine.id, 4242);
  let samples = 0;
  app.watchResources(machine.id, {
    onSample: () => {
      samples++;
    },
    onEnd: (error) => ended.push(`resources: ${error.message}`),
  });
  app.watchPorts(machine.id, {
    onPorts: () => undefined,
    onEnd: (error) => ended.push(`ports: ${error.message}`),
  });
  await eventually(
    async () => samples,
    (count) => count > 1,
  );
  // Another process than this one, which does not know of the watches.
  await machine.bulkhead('suspend');
  await eventually(
    async () => ended.length,
    (count) => count === 2,
  );
  expect(ended.sort()).toEqual([
    expect.stringMatching(/^ports: .* it is suspended$/),
    expect.stringMatching(/^resources: .* it is suspended$/),
  ]);
  expect((await forward.closed)?.message).toContain('it is suspended');
  expect((await app.diskUse(machine.id)).savedMemoryBytes).toBeGreaterThan(10 * MIB);
  await machine.bulkhead('resume');
  await sampleWhere('the guest says something', ({ guest }) => guest !== undefined);
  // Those from before the sleep find that nobody reads, when they next write.
  expect(await eventually(watchers, (text) => text === '')).toBe('');
});

test('ports of a machine that ends meanwhile are no longer waited for', async () => {
  const container = await containerOf(machine.id);
  const connections = async () => (await container.inspect()).ExecIDs ?? [];
  // The guest takes connections, and nothing more.
  await machine.sh(
    'for each in /proc/[0-9]*; do if grep -qx sshd $each/comm; then kill -STOP $(basename $each); fi; done',
  );
  const before = await connections();
  const cli = machine.cli.start(['ports', machine.id]);
  await eventually(connections, (ids) => ids.some((id) => !before.includes(id)));
  await container.kill();
  const { code, stderr } = await cli.finished;
  expect(stderr).toContain(`The machine ${machine.id} does not run: it is stopped`);
  expect(code).toBe(2);
});
