import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UpResult } from '../../src/app';
import { delay } from '../../src/core/deadline';
import type { MachineInfo } from '../../src/machine/hypervisor';
import { execOutput, plainLog } from '../../src/machine/kvm/containerExec';
import { containerOf, engine, inVolume, TestMachine } from './fixtures/machine';
import { bareImage } from './fixtures/workspace';

/** Counts, and writes count and wall clock to the serial console, where the Engine notes the host's time beside it. */
const COUNTER = `
  n=0
  while :; do n=$((n + 1)); echo "tick $n $(date +%s.%3N)"; sleep 0.1; done > /dev/console`;

/** One process echoes, the other sends numbers over one TCP connection and writes down what comes back. */
const CONVERSATION = `
  use IO::Socket::INET; use IO::Handle;
  my $server = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1:4242', ReuseAddr => 1) or die;
  if (!fork) { my $peer = $server->accept; $peer->autoflush(1); print $peer $_ while <$peer>; exit }
  my $peer = IO::Socket::INET->new('127.0.0.1:4242') or die; $peer->autoflush(1);
  open my $log, '>', '/tmp/echoes' or die; $log->autoflush(1);
  for (my $n = 1; ; $n++) {
    print $peer "$n\\n"; my $echo = <$peer>;
    print $log defined $echo ? $echo : "broken\\n"; exit 1 unless defined $echo;
    select undef, undef, undef, 0.1;
  }`;

/** Long enough that a clock that stood still is told from one that is only a little off. */
const PAUSE_MS = 8_000;

let machine: TestMachine;

beforeAll(async () => {
  machine = await TestMachine.open('sleep', bareImage());
});

afterAll(() => machine?.dispose());

const suspend = async () => (await machine.bulkhead('suspend', '--json')).json<MachineInfo>();
const bootId = () => machine.sh('cat /proc/sys/kernel/random/boot_id');

/** Starts a program that goes on after the command that started it has ended. */
async function inBackground(...argv: string[]): Promise<void> {
  const started = await machine.exec([
    'sh',
    '-c',
    'setsid "$@" < /dev/null > /tmp/said 2>&1 &',
    'sh',
    ...argv,
  ]);
  expect(started.code).toBe(0);
}

interface Tick {
  count: number;
  /** Seconds since the epoch: what the guest said, and what the Engine noted when it said it. */
  guest: number;
  host: number;
}

async function ticks(): Promise<Tick[]> {
  const log = await (await containerOf(machine.id)).logs({ stdout: true, timestamps: true });
  return [...plainLog(log as unknown as Buffer, 'stdout').matchAll(/^(\S+) tick (\d+) ([\d.]+)\r?$/gm)].map(
    ([, host = '', count, guest]) => ({
      count: Number(count),
      guest: Number(guest),
      host: Date.parse(host) / 1000,
    }),
  );
}

/** The numbers that came back over the connection. */
async function echoes(): Promise<string[]> {
  return (await machine.sh('cat /tmp/echoes')).split('\n');
}

async function untilMoreTicks(than: number): Promise<Tick[]> {
  for (const until = Date.now() + 60_000; Date.now() < until; await delay(200)) {
    const found = await ticks();
    if ((found.at(-1)?.count ?? 0) > than + 10) {
      return found;
    }
  }
  throw new Error(`The counter did not get past ${than}`);
}

describe('suspend and resume', () => {
  let before: { boot: string; ticks: Tick[]; echoes: string[] };

  test('a suspended machine is a file, and takes no memory', async () => {
    await inBackground('sh', '-c', COUNTER);
    await inBackground('perl', '-e', CONVERSATION);
    await untilMoreTicks(0);
    before = { boot: await bootId(), ticks: [], echoes: await echoes() };
    expect((await suspend()).state).toBe('suspended');
    before.ticks = await ticks();

    const { State: state } = await (await containerOf(machine.id)).inspect();
    expect(state).toMatchObject({ Running: false, Paused: false, Pid: 0, ExitCode: 10 });
    expect(Number(await inVolume(machine.id, 'stat', '-c', '%s', '/machine/ram'))).toBeGreaterThan(0);
    const listed = (await machine.cli.ok(['ls', '--json'])).lines<MachineInfo>();
    expect(listed.find(({ id }) => id === machine.id)?.state).toBe('suspended');
    expect((await machine.exec(['true'])).stderr).toContain(`bulkhead resume ${machine.id}`);
  });

  test('a counter and an open connection go on', async () => {
    await delay(PAUSE_MS);
    expect((await machine.bulkhead('resume', '--json')).json<MachineInfo>().state).toBe('running');
    const last = before.ticks.at(-1)?.count ?? 0;
    const counts = (await untilMoreTicks(last)).map(({ count }) => count);
    expect(counts).toEqual(Array.from({ length: counts.length }, (_, n) => (counts[0] ?? 0) + n));
    expect(await bootId()).toBe(before.boot);

    const now = await echoes();
    expect(now.length).toBeGreaterThan(before.echoes.length);
    expect(now).toEqual(Array.from({ length: now.length }, (_, n) => String(n + 1)));
    expect(await inVolume(machine.id, 'sh', '-c', 'ls /machine')).not.toMatch(/\bram\b/);
  });

  test('its clock is right within 1 s', async () => {
    const from = Date.now();
    const guest = Number(await machine.sh('date +%s%3N'));
    const to = Date.now();
    expect(guest).toBeGreaterThan(from - 1_000);
    expect(guest).toBeLessThan(to + 1_000);
  });

  test('no program saw the clock that stood still', async () => {
    const all = await ticks();
    expect(all.length).toBeGreaterThan(20);
    // Between the guest's look at its clock and the Engine's note lies what a busy host takes; a clock that was not
    // set is behind by the whole pause.
    const behind = all.filter(({ guest, host }) => Math.abs(guest - host) > PAUSE_MS / 2_000);
    expect(behind).toEqual([]);
  });

  test('up wakes it, whoever put it to sleep', async () => {
    const last = (await ticks()).at(-1)?.count ?? 0;
    await suspend();
    const up = await machine.up();
    expect(up).toMatchObject({ state: 'running', warnings: [] });
    await untilMoreTicks(last);
    expect(await bootId()).toBe(before.boot);
    expect((await machine.bulkhead('resume', '--json')).json<MachineInfo>().state).toBe('running');
  });
});

test('stop of a suspended machine loses nothing that the guest had not written yet', async () => {
  const content = randomBytes(1_000_000).toString('base64');
  const written = await machine.exec(['sh', '-c', 'cat > /root/unsynced'], [], { input: content });
  expect(written.code).toBe(0);
  await suspend();
  expect((await machine.bulkhead('stop', '--json')).json<{ forced: boolean }>().forced).toBe(false);
  await machine.bulkhead('start');
  expect((await machine.exec(['cat', '/root/unsynced'])).stdout).toBe(content);
});

test.each([
  ['whose head is overwritten', 'dd if=/dev/zero of=/machine/ram bs=4096 count=16 conv=notrunc status=none'],
  ['that is cut short', 'truncate -s 2M /machine/ram'],
])('a memory file %s is given up for a boot from the disk, and up says so', async (_, damage) => {
  const content = randomBytes(16).toString('hex');
  await machine.sh(`echo ${content} > /root/synced; sync /root/synced`);
  const boot = await bootId();
  await suspend();
  await inVolume(machine.id, 'sh', '-c', damage);
  const up: UpResult = await machine.up();
  expect(up.state).toBe('running');
  expect(up.warnings.join('\n')).toContain('did not load');
  expect(await bootId()).not.toBe(boot);
  expect(await machine.sh('cat /root/synced')).toBe(content);
});

test('a suspend that fails half-way leaves no memory that a later start would load over a newer disk', async () => {
  const boot = await bootId();
  // The VMM has nowhere to note how it ended: what comes after the memory was saved fails.
  await inVmm('cat /dev/zero > /tmp/full 2> /dev/null || true');
  const failed = await machine.cli.run(['suspend', machine.id]);
  expect(failed.code).toBe(1);
  // The guest goes on, and writes.
  const content = randomBytes(16).toString('hex');
  await machine.sh(`echo ${content} > /root/later; sync /root/later`);
  expect(await inVolume(machine.id, 'ls', '/machine')).not.toMatch(/^ram/m);
  await inVmm('rm /tmp/full');
  expect((await suspend()).state).toBe('suspended');
  await machine.bulkhead('resume');
  expect(await bootId()).toBe(boot);
  expect(await machine.sh('cat /root/later')).toBe(content);
});

test('a guest that fills its console fills nothing that its machine needs', async () => {
  await inVmm('cat /dev/zero > /console/more 2> /dev/null || true');
  await machine.sh('echo still heard > /dev/console');
  expect((await suspend()).state).toBe('suspended');
  await machine.bulkhead('resume');
  expect(await machine.sh('echo here')).toBe('here');
});

/** In the VMM's container, as the VMM. */
async function inVmm(script: string): Promise<void> {
  const options = { what: script, ms: 30_000 };
  await execOutput(await engine(), await containerOf(machine.id), ['/bin/bash', '-euc', script], options);
}
