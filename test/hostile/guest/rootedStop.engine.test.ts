import { afterAll, beforeAll, expect } from 'vitest';
import { containerOf, TestMachine } from '../../integration/fixtures/machine';
import { bareImage } from '../../integration/fixtures/workspace';
import { attack } from '../attack';

/** Resets the machine at its next starts, as often as the file says. */
const LOOP =
  'n=$(cat /root/loop 2> /dev/null || echo 0); if [ "$n" -gt 0 ]; then echo $((n - 1)) > /root/loop; sync; echo 1 > /proc/sys/kernel/sysrq; echo b > /proc/sysrq-trigger; sleep 60; fi';

let machine: TestMachine;

beforeAll(async () => {
  machine = await TestMachine.open('stubborn', {
    ...bareImage({ cpus: 1, disk: '1gb', network: { mode: 'none' } }),
    '.devcontainer.json': JSON.stringify({ remoteUser: 'root', postStartCommand: LOOP }),
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
    // Busybox runs its dd without an exec: only what it has open tells it from the shell.
    const deaf = await machine.sh(`echo kept > /root/kept; sync
      for fd in /proc/[0-9]*/fd/0; do case $(readlink $fd || :) in
        */event0) pid=\${fd#/proc/}; kill -9 \${pid%%/*}; echo killed ;;
      esac; done`);
    expect(deaf).toBe('killed');
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
    await machine.up();
    const script =
      'echo kept > /root/kept; echo 2 > /root/loop; sync; echo 1 > /proc/sys/kernel/sysrq; echo b > /proc/sysrq-trigger';
    const reset = await machine.exec(['sh', '-c', script], [], { deadlineMs: 90_000 }).then(
      ({ code, stderr }) => `exit code ${code}: ${stderr}`,
      (error: Error) => error.message,
    );
    const outcomes: string[] = [];
    const lost = async (said: string) => {
      await expect
        .poll(async () => (await info())?.state, { timeout: 90_000, message: said })
        .toBe('stopped');
      expect((await info())?.reason ?? said).toBe('the guest rebooted or its kernel panicked');
      const { HostConfig: host, RestartCount: restarts } = await (await containerOf(machine.id)).inspect();
      expect([host.RestartPolicy?.Name, restarts]).toEqual([expect.toBeOneOf(['', 'no']), 0]);
    };
    await lost(reset);
    for (const left of [1, 0]) {
      const [up, seconds] = await timed(machine.cli.run(['up', machine.workspace.folder]));
      expect(up.code, `${left} left: ${up.stderr}`).not.toBe(0);
      expect(up.stderr).toContain('The connection to the VM was lost');
      await lost(`${left} left: ${up.stdout}${up.stderr}`);
      outcomes.push(`${up.stderr.trim().split('\n').at(-1)} (${seconds} s)`);
    }
    // It has had its resets, and the next start is told of them.
    const { warnings, state } = await machine.up();
    expect(state).toBe('running');
    expect(warnings).toContain(
      'Last time the machine ended early: the guest rebooted or its kernel panicked.',
    );
    expect(await machine.sh('cat /root/kept /root/loop')).toBe('kept\n0');
    return outcomes.join('; ');
  },
  { timeoutMs: 600_000 },
);
