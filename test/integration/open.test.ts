import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { MachineInfo, MachineUsage } from '../../src/machine/hypervisor';
import type { CliResult } from './fixtures/cli';
import { containerOf, engine, inKit, TestMachine, tracesOf } from './fixtures/machine';

const run = promisify(execFile);

const DOCKERFILE = `FROM debian:trixie-slim
RUN useradd --create-home --shell /bin/bash --uid 1500 sailor
ENV GREETING="hello from the image" PATH=/opt/tools:/usr/local/bin:/usr/bin:/bin
WORKDIR /srv/app
USER sailor
`;

const ms = z.number().min(0);
/** What `up --json` prints, and nothing else (src/app.ts, `UpResult`). */
const contract = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]{1,63}$/),
  name: z.string(),
  state: z.literal('running'),
  accelerator: z.enum(['kvm', 'tcg']),
  image: z.strictObject({ id: z.string().regex(/^sha256:[0-9a-f]{64}$/), layers: z.int().min(1) }),
  ssh: z.strictObject({ alias: z.string(), config: z.string().startsWith('/'), user: z.literal('root') }),
  workspace: z.string().startsWith('/'),
  user: z.string(),
  timings: z.strictObject({
    buildMs: ms,
    layersMs: ms,
    createMs: ms,
    bootMs: ms,
    sshMs: ms,
    uploadMs: ms,
    totalMs: ms,
    cached: z.strictObject({ image: z.boolean(), layers: z.int().min(0) }),
  }),
  warnings: z.array(z.string()),
  // This folder asks for nothing beyond the safe defaults.
  asks: z.tuple([]),
  withheld: z.tuple([]),
});

let machine: TestMachine;
let opened: z.output<typeof contract>;
/** Two `up`s of the same folder, started at once. */
let twins: [CliResult, CliResult];

beforeAll(async () => {
  machine = await TestMachine.prepare('Open Test', {
    Dockerfile: DOCKERFILE,
    '.bulkhead.json': JSON.stringify({
      build: { dockerfile: 'Dockerfile' },
      cpus: 1,
      memory: '640mb',
      disk: '3gb',
      workspace: { exclude: ['node_modules', '*.log', '!kept.log'] },
    }),
    'src/héllo wörld.txt': 'non-ASCII name',
    'bin/run.sh': { content: '#!/bin/sh\necho ran\n', mode: 0o755 },
    'node_modules/dep/index.js': 'excluded',
    'debug.log': 'excluded',
    'kept.log': 'kept',
  });
  await run('git', ['init', '--quiet', '--initial-branch=trunk', machine.workspace.folder]);
  const up = ['up', machine.workspace.folder, '--json'];
  twins = await Promise.all([machine.cli.run(up), machine.cli.run(up)]);
  opened = contract.parse(twins[0].json());
});

afterAll(() => machine.dispose());

describe('up', () => {
  test('prints the contract’s object and nothing else on stdout', async () => {
    const { code, stdout } = await machine.cli.run(['up', machine.workspace.folder, '--json']);
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    const result = contract.parse(JSON.parse(stdout));
    expect(result).toMatchObject({ name: 'Open Test', user: 'sailor', warnings: [] });
    expect(result.timings.cached).toEqual({ image: true, layers: result.image.layers });
    expect(result.id).toMatch(/^open-test-[0-9a-f]{8}$/);
  });

  test('two at once make one machine', async () => {
    const [first, second] = twins.map((twin) => contract.parse(twin.json()));
    expect(twins.map(({ code }) => code)).toEqual([0, 0]);
    expect(first?.id).toBe(second?.id);
    expect((await tracesOf(machine.id)).sort()).toEqual([
      `/bulkhead-${machine.id}`,
      `bulkhead-machine-${machine.id}`,
      `bulkhead-proxy-${machine.id}`,
    ]);
  });

  test('a second one finds the same machine running', async () => {
    const container = await containerOf(machine.id);
    const before = await container.inspect();
    const boot = await machine.sh('cat /proc/sys/kernel/random/boot_id');
    await machine.cli.ok(['up', machine.workspace.folder]);
    const after = await container.inspect();
    expect([after.Id, after.State.StartedAt]).toEqual([before.Id, before.State.StartedAt]);
    expect(await machine.sh('cat /proc/sys/kernel/random/boot_id')).toBe(boot);
  });
});

describe('exec', () => {
  test('runs on the kit’s kernel, not on the host’s', async () => {
    const kernel = await machine.sh('uname -r');
    expect(kernel).toBe(await inKit('/bin/cat', '/usr/lib/bulkhead/kernel-version'));
    expect(await machine.sh('cat /proc/sys/kernel/random/boot_id')).not.toBe(
      (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim(),
    );
    expect(kernel).not.toBe(release());
  });

  test('passes the exit code on, a signal as a shell would', async () => {
    const codes = ['exit 7', 'kill -TERM $$', 'kill -KILL $$', 'exit 0'].map((script) =>
      machine.exec(['sh', '-c', script]),
    );
    expect((await Promise.all(codes)).map(({ code }) => code)).toEqual([7, 143, 137, 0]);
    expect((await machine.exec(['no-such-program'])).code).toBe(127);
  });

  test('passes a signal to the command', async () => {
    const script = 'trap "exit 42" TERM; echo ready; while :; do sleep 0.1; done';
    const cli = machine.cli.start(['exec', machine.id, '--', 'sh', '-c', script]);
    cli.stdout.once('data', () => cli.kill('SIGTERM'));
    expect((await cli.finished).code).toBe(42);
  });

  test('leaves nothing running when its client is gone', async () => {
    const cli = machine.cli.start(['exec', machine.id, '--', 'sh', '-c', 'echo ready; exec sleep 4321']);
    await new Promise((resolve) => cli.stdout.once('data', resolve));
    cli.kill('SIGKILL');
    await cli.finished;
    const script =
      'for n in $(seq 100); do pgrep -f "sleep 4321" >/dev/null || exit 0; sleep 0.1; done; exit 9';
    // The pattern must not find this very shell.
    expect((await machine.exec(['sh', '-c', script.replaceAll('4321', '432[1]')])).code).toBe(0);
  });

  test('lets an account write to /dev/stdout and /dev/stderr by name', async () => {
    const result = await machine.exec(['sh', '-c', 'id -u; echo out > /dev/stdout; echo err > /dev/stderr']);
    expect(result).toMatchObject({ code: 0, stdout: '1500\nout\n', stderr: 'err\n' });
  });

  test('carries 50 MB of any bytes in and out', async () => {
    const input = randomBytes(50 * 2 ** 20);
    const { code, stdoutBytes } = await machine.exec(['cat'], [], { input });
    expect(code).toBe(0);
    expect(sha256(stdoutBytes)).toBe(sha256(input));
  });

  test('keeps stderr apart', async () => {
    const result = await machine.exec(['sh', '-c', 'echo out; echo err >&2']);
    expect(result).toMatchObject({ stdout: 'out\n', stderr: 'err\n' });
  });

  test('takes arguments as they are', async () => {
    const words = ['a b', "it's", '$HOME', '', '*', 'line\nbreak', 'ünï'];
    const { stdout } = await machine.exec(['printf', '[%s]', ...words]);
    expect(stdout).toBe(words.map((word) => `[${word}]`).join(''));
  });

  test('has --user, --cwd and --env', async () => {
    expect(await machine.sh('id -un; pwd', ['--user', 'root', '--cwd', '/etc'])).toBe('root\n/etc');
    expect(await machine.sh('id -u; id -g', ['--user', '4321:8765'])).toBe('4321\n8765');
    expect(await machine.sh('echo "$COLOUR $GREETING"', ['--env', 'COLOUR=deep blue'])).toBe(
      'deep blue hello from the image',
    );
    const missing = await machine.exec(['true'], ['--user', 'nobody-at-all']);
    expect(missing.code).not.toBe(0);
    expect(missing.stderr).toContain('nobody-at-all');
  });

  test('gives a terminal when asked to', async () => {
    const { stdout } = await machine.exec(['sh', '-c', 'tty; echo $TERM'], ['--tty'], {
      env: { TERM: 'xterm-256color' },
    });
    expect(stdout).toMatch(/^\/dev\/pts\/\d+\r?\nxterm-256color\r?\n$/);
    expect((await machine.exec(['tty'])).stdout).toBe('not a tty\n');
  });
});

describe('the workspace', () => {
  test('lies where commands start, owned by the image’s user', async () => {
    expect(await machine.sh('pwd; id -un')).toBe(`${opened.workspace}\nsailor`);
    const owners = await machine.sh('find . -printf "%U:%G\\n" | sort -u');
    expect(owners).toBe('1500:1500');
    expect(await machine.sh('echo more > new.txt && rm new.txt && echo writable')).toBe('writable');
  });

  test('has .git, names and modes, and not what is excluded', async () => {
    const files = await machine.sh('find . -type f -not -path "./.git/*" -printf "%m %P\\n"');
    expect(files.split('\n').sort()).toEqual([
      '644 .bulkhead.json',
      '644 Dockerfile',
      '644 kept.log',
      '644 src/héllo wörld.txt',
      '755 bin/run.sh',
    ]);
    expect(await machine.sh('cat .git/HEAD')).toBe('ref: refs/heads/trunk');
    expect(await machine.sh('./bin/run.sh')).toBe('ran');
  });
});

describe('OpenSSH', () => {
  const ssh = (...command: string[]) =>
    run('ssh', ['-F', opened.ssh.config, opened.ssh.alias, ...command], { timeout: 60_000 });

  test('gets in with the written config', async () => {
    const { stdout } = await ssh('id -un; pwd; uname -r');
    expect(stdout).toBe(`sailor\n${opened.workspace}\n${await machine.sh('uname -r')}\n`);
    await expect(ssh('exit 3')).rejects.toMatchObject({ code: 3 });
  });

  test('refuses another host key', async () => {
    const file = join(machine.cli.dataDirectory, 'machines', machine.id, 'known_hosts');
    const pinned = await readFile(file, 'utf8');
    const other = await readFile(
      join(machine.cli.dataDirectory, 'machines', machine.id, 'id_ed25519.pub'),
      'utf8',
    );
    try {
      await writeFile(file, pinned.replace(/AAAA\S+/, /AAAA\S+/.exec(other)?.[0] ?? ''));
      await expect(ssh('true')).rejects.toMatchObject({
        code: 255,
        stderr: expect.stringContaining('Host key verification failed'),
      });
    } finally {
      await writeFile(file, pinned);
    }
    await ssh('true');
  });
});

describe('what the machine says', () => {
  test('ls --json has it with its settings', async () => {
    const machines = (await machine.cli.ok(['ls', '--json'])).lines<MachineInfo>();
    expect(machines.find(({ id }) => id === machine.id)).toMatchObject({
      state: 'running',
      folder: machine.workspace.folder,
      cpus: 1,
      memoryBytes: 640 * 2 ** 20,
      diskBytes: 3 * 2 ** 30,
      networkMode: 'allowlist',
      imageReference: `bulkhead-image:${machine.id}`,
    });
  });

  test('stats --json measures it', async () => {
    const usage = (await machine.bulkhead('stats', '--json')).json<MachineUsage>();
    expect(usage.cpuNs).toBeGreaterThan(0);
    expect(usage.memoryBytes).toBeGreaterThan(0);
    expect(usage.memoryLimitBytes).toBeGreaterThan(640 * 2 ** 20);
    expect(usage.upperDiskBytes).toBeGreaterThan(0);
  });

  test('logs has the build, logs --console the guest’s own words', async () => {
    expect((await machine.bulkhead('logs')).stdout).toContain('useradd');
    expect((await machine.bulkhead('logs', '--console')).stdout).toContain('Server listening on');
  });
});

describe('its end', () => {
  test('stop powers off cleanly, and what was synced is there after start', async () => {
    const content = randomBytes(32).toString('hex');
    await machine.sh(`echo ${content} > kept; echo ${content} | tee ~/kept > /dev/null; sync kept ~/kept`);
    const stopped = (await machine.bulkhead('stop', '--json')).json<{ forced: boolean }>();
    expect(stopped.forced).toBe(false);
    expect((await (await containerOf(machine.id)).inspect()).State).toMatchObject({
      Running: false,
      ExitCode: 0,
    });
    expect((await machine.bulkhead('logs', '--console')).stdout).toMatch(/reboot: Power down\s*$/);

    const asleep = await machine.exec(['true']);
    expect(asleep.code).toBe(1);
    expect(asleep.stderr).toContain(`bulkhead start ${machine.id}`);

    expect((await machine.bulkhead('start', '--json')).json<MachineInfo>().state).toBe('running');
    expect(await machine.sh('cat kept ~/kept')).toBe(`${content}\n${content}`);
  });

  test('rm keeps what would be lost, and --force leaves nothing', async () => {
    const refused = await machine.cli.run(['rm', machine.id]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/added +kept/);
    expect(await tracesOf(machine.id)).toHaveLength(3);

    await machine.bulkhead('rm', '--force');
    expect(await tracesOf(machine.id)).toEqual([]);
    const { docker } = await engine();
    expect(await docker.listImages({ filters: { reference: [`bulkhead-image:${machine.id}`] } })).toEqual([]);
    const left = await readdir(machine.cli.dataDirectory, { recursive: true });
    expect(left.filter((path) => path.includes(machine.id))).toEqual([]);
    expect(await readFile(opened.ssh.config, 'utf8')).not.toContain(machine.id);
  });
});

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
