import { afterAll, beforeAll, expect } from 'vitest';
import { containerOf, TestMachine, tracesOf } from '../../integration/fixtures/machine';
import { bareImage } from '../../integration/fixtures/workspace';
import { attack } from '../attack';

/** Resets the machine at its next starts, as often as the file says. */
const LOOP =
  'n=$(cat /root/loop 2> /dev/null || echo 0); if [ "$n" -gt 0 ]; then echo $((n - 1)) > /root/loop; sync; echo 1 > /proc/sys/kernel/sysrq; echo b > /proc/sysrq-trigger; sleep 60; fi';

/**
 * Tells the console each second how full the machine is, before everything else: SCHED_FIFO (sched_setscheduler), locked in memory (mlockall),
 * never chosen by the OOM killer. statfs(2)'s fifth number are the blocks that are free.
 */
const WATCH = `
my ($fifo, $root, $stat) = (pack("i", 50), "/", "\\0" x 120);
syscall(144, 0, 1, $fifo); syscall(151, 3);
open(my $o, ">", "/proc/self/oom_score_adj"); print $o -1000; close $o;
open(my $console, ">", "/dev/console");
while (1) {
  open(my $l, "<", "/proc/loadavg"); my ($processes) = <$l> =~ m{/(\\d+) }; close $l;
  open(my $m, "<", "/proc/meminfo"); my ($memory) = join("", <$m>) =~ /MemAvailable: +(\\d+)/; close $m;
  syscall(137, $root, $stat); my (undef, $size, undef, undef, $free) = unpack("q5", $stat);
  syswrite $console, sprintf("watch: %d processes, %d MiB of memory, %d MiB of disk\\n", $processes, $memory / 1024, $free * $size / 1048576);
  select(undef, undef, undef, 1);
}`;

let machine: TestMachine;

beforeAll(async () => {
  machine = await TestMachine.open('stubborn', {
    ...bareImage({ cpus: 1, disk: '1gb', network: { mode: 'none' } }),
    '.devcontainer.json': JSON.stringify({ remoteUser: 'root', postStartCommand: LOOP }),
    'watch.pl': WATCH,
  });
}, 300_000);

afterAll(() => machine?.dispose());

const info = async () => {
  const listed = await machine.cli.ok(['ls', '--json'], { deadlineMs: 60_000 });
  return listed.lines<{ id: string; state: string; reason?: string }>().find(({ id }) => id === machine.id);
};
const timed = async <T>(work: Promise<T>): Promise<[T, number]> => {
  const began = performance.now();
  return [await work, Math.round((performance.now() - began) / 1000)];
};
/** Starts a script in the guest that goes on by itself. */
const detached = (script: string) =>
  machine.sh(`/.bulkhead/bin/busybox setsid sh -c '${script}' > /tmp/out 2>&1 < /dev/null &`);

attack(
  {
    id: 'rooted-power-button',
    from: 'guest',
    tries: 'Takes away what waits for the power button, so that a stop goes unheard.',
    holds:
      'The VMM is killed when its time is up, and the user is told that the guest was forced; what it had synced is there at the next start.',
    promise: 'bounded-use',
  },
  async () => {
    await machine.sh(`echo kept > /root/kept; sync
      for p in /proc/[0-9]*; do grep -qs '[e]vent0' $p/cmdline && kill -9 \${p#/proc/}; done; :`);
    const [stopped, seconds] = await timed(machine.bulkhead('stop'));
    expect(stopped.stdout).toContain('did not power off in time and was forced');
    expect(await info()).toMatchObject({ state: 'stopped', reason: expect.stringContaining('was killed') });
    await machine.up();
    expect(await machine.sh('cat /root/kept')).toBe('kept');
    // Left alone, the same guest hears it.
    expect((await machine.bulkhead('stop', '--json')).json()).toMatchObject({ forced: false });
    expect((await info())?.reason).toBeUndefined();
    await machine.up();
    return `forced after ${seconds} s, and started again; unhurt it powers off by itself`;
  },
  { timeoutMs: 400_000 },
);

attack(
  {
    id: 'rooted-reboot-loop',
    from: 'guest',
    tries: 'Resets itself, and again at each of its next starts.',
    holds:
      'A reset ends the VMM, nothing starts it again but the user; each start says that it was lost, and the list says why. When the guest stops doing it, it boots from the same disk.',
    promise: 'bounded-use',
  },
  async () => {
    const script = 'echo 2 > /root/loop; sync; echo 1 > /proc/sys/kernel/sysrq; echo b > /proc/sysrq-trigger';
    const reset = await machine.exec(['sh', '-c', script], [], { deadlineMs: 90_000 }).then(
      ({ code, stderr }) => `exit code ${code}: ${stderr}`,
      (error: Error) => error.message,
    );
    const outcomes: string[] = [];
    const lost = async (said: string) => {
      await expect
        .poll(async () => (await info())?.state, { timeout: 90_000, message: said })
        .toBe('stopped');
      expect((await info())?.reason).toContain('rebooted');
      const { HostConfig: host, RestartCount: restarts } = await (await containerOf(machine.id)).inspect();
      expect([host.RestartPolicy?.Name, restarts]).toEqual([expect.toBeOneOf(['', 'no']), 0]);
    };
    await lost(reset);
    for (const left of [1, 0]) {
      const [up, seconds] = await timed(machine.cli.run(['up', machine.workspace.folder]));
      expect(up.code, `${left} left: ${up.stderr}`).not.toBe(0);
      await lost(`${left} left: ${up.stdout}${up.stderr}`);
      outcomes.push(`${up.stderr.trim().split('\n').at(-1)} (${seconds} s)`);
    }
    await machine.up();
    expect(await machine.sh('cat /root/kept /root/loop')).toBe('kept\n0');
    return outcomes.join('; ');
  },
  { timeoutMs: 600_000 },
);

/** Lets the guest drown, and waits until the console says that it has. Returns what it said last. */
async function saturate(script: string): Promise<string> {
  await detached(`perl watch.pl & ${script}`).catch(() => undefined);
  let fullest = '';
  await expect
    .poll(
      async () => {
        const { stdout } = await machine.bulkhead('logs', '--console');
        const said = [...stdout.matchAll(/watch: (\d+) processes, (\d+) MiB of memory, (\d+) MiB of disk/g)];
        const drowned = said.filter(
          ([, processes, memory, disk]) =>
            Number(processes) > 300 && Number(memory) < 100 && Number(disk) < 5,
        );
        fullest = drowned.at(-1)?.[0] ?? '';
        return fullest || said.at(-1)?.[0] || stdout.slice(-500);
      },
      { timeout: 150_000, interval: 3000 },
    )
    .toSatisfy(() => fullest !== '');
  return fullest;
}

attack(
  {
    id: 'rooted-fork-bomb',
    from: 'guest',
    tries:
      'Fills its disk, starts a fork bomb and a program that wants a gigabyte, and takes sshd away, until the console says: hundreds of processes, no memory, no disk.',
    holds:
      'The list answers, stop ends it, it boots from its full disk and can be cleaned up; drowned again, rm takes it away and nothing is left.',
    promise: 'bounded-use',
  },
  async () => {
    const fill = 'fallocate -l $(df --output=avail -B1 / | tail -1) /fill;';
    const bomb = 'perl -e "\\$x = q(x) x 1e9; sleep 999" & bomb() { bomb | bomb & }; bomb';
    const first = await saturate(`${fill} mount --bind /usr/bin/false /.bulkhead/bin/sshd; ${bomb}`);
    const [listed, listSeconds] = await timed(info());
    expect(listed?.state).toBe('running');
    const [stopped, stopSeconds] = await timed(
      machine.cli.run(['stop', machine.id], { deadlineMs: 120_000 }),
    );
    expect(stopped.code).toBe(0);
    expect((await info())?.state).toBe('stopped');
    await machine.up();
    expect(
      await machine.sh(
        'ls -s /fill > /dev/null && rm /fill && echo cleaned > /root/cleaned && cat /root/cleaned',
      ),
    ).toBe('cleaned');
    await saturate(`${fill} ${bomb}`);
    const [removed, removeSeconds] = await timed(
      machine.cli.run(['rm', machine.id, '--force'], { deadlineMs: 120_000 }),
    );
    expect(removed.stderr).toBe('');
    expect(removed.code).toBe(0);
    expect(await tracesOf(machine.id)).toEqual([]);
    return `${first}; ls ${listSeconds} s, stop ${stopSeconds} s, rm ${removeSeconds} s`;
  },
  { timeoutMs: 900_000 },
);
