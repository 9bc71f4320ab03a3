import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import type { HostSample } from '../../../src/machine/hypervisor';
import { TestMachine, tracesOf } from '../../integration/fixtures/machine';
import { attack } from '../attack';

let machine: TestMachine;

beforeAll(async () => {
  machine = await TestMachine.open('rooted', {
    '.bulkhead.json': JSON.stringify({ image: 'python:3.13-slim', memory: '512mb', disk: '1gb', cpus: 1 }),
    'liar.py': LIAR,
    'names.py': NAMES,
    'eater.py': 'taken = []\nwhile True:\n    taken.append(bytearray(2 ** 20))\n',
  });
}, 300_000);

afterAll(() => machine?.dispose());

/** Takes sshd's place: keeps its program from starting again, ends it, and greets on port 22 with nonsense. */
const LIAR = `
import os, signal, socket, subprocess, threading
subprocess.run(['mount', '--bind', '/usr/bin/false', '/.bulkhead/bin/sshd'], check=True)
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        line = open(f'/proc/{pid}/cmdline').read()
    except OSError:
        continue
    if 'sshd' in line and int(pid) not in (1, os.getpid()):
        os.kill(int(pid), signal.SIGKILL)
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
while True:
    try:
        server.bind(('0.0.0.0', 22))
        break
    except OSError:
        pass
server.listen()
print('listening', flush=True)
def lie(stream):
    try:
        stream.sendall(b'SSH-2.0-OpenSSH_10.0\\r\\n' + os.urandom(4096))
        while stream.recv(4096):
            stream.sendall(b'\\x1b]52;c;aGk=\\x07' * 100)
    except OSError:
        pass
while True:
    threading.Thread(target=lie, args=(server.accept()[0],), daemon=True).start()
`;

/** A program on port 4444 whose name is an escape sequence and a link. */
const NAMES = `
import ctypes, socket, time
ctypes.CDLL(None).prctl(15, b'\\x1b[2J[x](co', 0, 0, 0)
server = socket.socket()
server.bind(('127.0.0.1', 4444))
server.listen()
time.sleep(1000)
`;

/** Starts a script in the guest that goes on by itself. */
const detached = (script: string) =>
  machine.sh(`/.bulkhead/bin/busybox setsid sh -c '${script}' > /tmp/out 2>&1 < /dev/null &`);
const timed = async <T>(work: Promise<T>): Promise<[T, number]> => {
  const began = performance.now();
  return [await work, Math.round((performance.now() - began) / 1000)];
};
const list = async () => {
  const listed = await machine.cli.ok(['ls', '--json'], { deadlineMs: 20_000 });
  return listed.lines<{ id: string; state: string }>().find(({ id }) => id === machine.id)?.state;
};
const CONTROLS = /(?![\n\t])[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u;

attack(
  {
    id: 'rooted-names',
    from: 'guest',
    tries:
      'A program that names itself with escape codes and a link, listens on a port and writes escape codes to the console.',
    holds: 'Tables, logs and --json show plain text.',
    promise: 'hostile-input',
  },
  async () => {
    await detached('python3 names.py');
    await machine.sh(
      String.raw`printf '\033]52;c;aGk=\007\033[2Jconsole \302\233 \342\200\256 end\n' > /dev/console`,
    );
    let ports = '';
    for (let n = 0; n < 20 && !ports.includes('4444'); n++) {
      ports = (await machine.bulkhead('ports')).stdout;
    }
    const said = [
      ports,
      (await machine.bulkhead('ports', '--json')).stdout,
      (await machine.bulkhead('stats')).stdout,
      (await machine.bulkhead('stats', '--json')).stdout,
      (await machine.bulkhead('logs', '--console')).stdout,
      (await machine.bulkhead('logs', '--console', '--json')).stdout,
    ];
    expect(ports).toContain('4444');
    expect(said[4]).toContain('console');
    for (const text of said) {
      expect(text).not.toMatch(CONTROLS);
    }
    return ports.split('\n').find((line) => line.startsWith('4444')) ?? '';
  },
);

attack(
  {
    id: 'rooted-console-flood',
    from: 'guest',
    tries: 'Writes to the console without end.',
    holds: 'The Engine keeps two files of 1 MB; the log that is shown is bounded.',
    promise: 'bounded-use',
  },
  async () => {
    await detached(
      'exec 3> /dev/console; timeout 8 sh -c "while :; do echo flood-flood-flood-flood-flood >&3; done"',
    );
    const [logs, seconds] = await timed(machine.bulkhead('logs', '--console'));
    expect(logs.stdout.length).toBeLessThan(200_000);
    expect(await list()).toBe('running');
    return `logs in ${seconds} s, ${logs.stdout.length} characters`;
  },
);

attack(
  {
    id: 'rooted-disk-and-cpu',
    from: 'guest',
    tries: 'Fills its disk and burns its CPU.',
    holds:
      'The disk ends at the size that was set, the CPU at its limit; commands, figures and files still come.',
    promise: 'bounded-use',
  },
  async () => {
    const filled = await machine.exec([
      'sh',
      '-c',
      'dd if=/dev/zero of=/fill bs=1M 2>&1; echo; df -m / | tail -1; sh -c "while :; do :; done" > /dev/null 2>&1 < /dev/null &',
    ]);
    expect(filled.stdout).toMatch(/No space left/);
    const [answers, seconds] = await timed(
      Promise.all([machine.sh('echo alive'), machine.bulkhead('ports'), machine.bulkhead('stats')]),
    );
    expect(answers[0]).toBe('alive');
    await machine.sh('rm /fill');
    return `full, busy, and all answered in ${seconds} s`;
  },
);

attack(
  {
    id: 'rooted-workspace',
    from: 'guest',
    tries: 'Deletes the workspace and puts links to the host’s paths in its place.',
    holds: 'The folder on this computer stays as it is: the VM has a copy.',
    promise: 'copy-of-folder',
  },
  async () => {
    const before = await readdir(machine.workspace.folder);
    await machine.sh(
      `cp -a . /root/kept; rm -rf .bulkhead.json liar.py; ln -s ${machine.workspace.folder} host; ls host/ 2>&1 || true`,
    );
    expect(await readdir(machine.workspace.folder)).toEqual(before);
    await machine.sh('cp -a /root/kept/. .');
    return `${before.length} files, all there`;
  },
);

attack(
  {
    id: 'rooted-liar',
    from: 'guest',
    tries:
      'Kills sshd, keeps it from coming back and answers on port 22 itself, with random bytes and escape codes.',
    holds: 'Nothing of it is believed or shown; Ctrl-C ends a command at once, the list and stop work.',
    promise: 'no-impostor',
  },
  async () => {
    await detached('python3 liar.py');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const exec = machine.cli.start(['exec', machine.id, '--', 'true']);
    const ports = machine.cli.start(['ports', machine.id]);
    expect(await list()).toBe('running');
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    exec.kill('SIGINT');
    const [interrupted, seconds] = await timed(exec.finished);
    expect(interrupted.stderr).not.toBe('');
    expect([130, 1]).toContain(interrupted.code);
    // Not at the end of a connection's own patience.
    expect(seconds).toBeLessThan(30);
    const [stopped, stopSeconds] = await timed(machine.cli.run(['stop', machine.id], { deadlineMs: 90_000 }));
    expect(stopped.code).toBe(0);
    const lost = await ports.finished;
    expect(lost.code).not.toBe(0);
    for (const text of [interrupted.stderr, lost.stderr, lost.stdout, stopped.stderr]) {
      expect(text).not.toMatch(CONTROLS);
    }
    expect(await list()).toBe('stopped');
    return `Ctrl-C in ${seconds} s, stop in ${stopSeconds} s; ports: ${lost.stderr.split('\n')[0]}`;
  },
  { timeoutMs: 240_000 },
);

attack(
  {
    id: 'rooted-fork-bomb',
    from: 'guest',
    tries: 'Starts a fork bomb and a program that takes all memory again and again, and takes sshd away.',
    holds: 'The list answers, stop and rm end it, and nothing of the machine is left.',
    promise: 'bounded-use',
  },
  async () => {
    await machine.bulkhead('start');
    await detached(
      'mount --bind /usr/bin/false /.bulkhead/bin/sshd; bomb() { bomb | bomb & }; (while :; do python3 eater.py; done) & bomb',
    ).catch(() => undefined);
    // As this computer measures it, the guest has no say in that: all its memory and its only processor are taken.
    const used = await vi.waitUntil(
      async () => {
        const { stdout } = await machine.cli.ok(['stats', machine.id, '--json']);
        const { host } = JSON.parse(stdout) as { host?: HostSample };
        return host && host.cpuPercent > 50 && host.memoryBytes > 400 * 2 ** 20 ? host : undefined;
      },
      { timeout: 120_000, interval: 500 },
    );
    const [state, listSeconds] = await timed(list());
    expect(state).toBe('running');
    const [stopped, stopSeconds] = await timed(machine.cli.run(['stop', machine.id], { deadlineMs: 90_000 }));
    expect(stopped.code).toBe(0);
    const [removed, removeSeconds] = await timed(
      machine.cli.run(['rm', machine.id, '--force'], { deadlineMs: 60_000 }),
    );
    expect(removed.stderr).toBe('');
    expect(removed.code).toBe(0);
    expect(await tracesOf(machine.id)).toEqual([]);
    const mib = Math.round(used.memoryBytes / 2 ** 20);
    return `${Math.round(used.cpuPercent)} % of its CPU, ${mib} MiB; ls ${listSeconds} s, stop ${stopSeconds} s, rm ${removeSeconds} s`;
  },
  { timeoutMs: 300_000 },
);
