import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type App, createApp } from '../../src/app';
import { silentLog } from '../../src/core/log';
import type { SignatureWish } from '../../src/credentials/credentialUse';
import type { RunOptions } from '../../src/guest/guest';
import { containerName } from '../../src/machine/kvm/jail';
import { ROOT } from './fixtures/cli';
import { engine, TestMachine } from './fixtures/machine';

const run = promisify(execFile);
const GIT_CANARY = `gitcanary${process.pid}x${Date.now()}`;
const ENV_CANARY = `envcanary${process.pid}x${Date.now()}`;
const HOST = 'git.example.test';
const OWN = { lendCredentials: true } as const;

let machine: TestMachine;
let app: App;
let host: string;
let agent: ReturnType<typeof spawn>;
let fingerprint: string;
const before = { ...process.env };

/** The user, scripted: what was asked, and how the next questions are answered. */
const asked: { wish: SignatureWish; signal: AbortSignal }[] = [];
let answer: (wish: SignatureWish) => boolean | Promise<boolean> = () => false;

beforeAll(async () => {
  host = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-own-')));
  const socket = join(host, 'agent');
  agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(agent.stdout ?? agent, 'data');
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'jo@laptop', '-f', join(host, 'key')]);
  await run('ssh-add', ['-q', join(host, 'key')], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  fingerprint = (await run('ssh-keygen', ['-lf', join(host, 'key.pub')])).stdout.split(' ')[1] ?? '';
  await writeFile(
    join(host, '.gitconfig'),
    `[credential]\n\thelper = "!f() { test \\"$1\\" = get && echo username=jo && echo password=${GIT_CANARY}; }; f"\n`,
  );
  Object.assign(process.env, { SSH_AUTH_SOCK: socket, HOME: host, CANARY_TOKEN: ENV_CANARY });
  const images: { ensureGitImage(): Promise<string> } = await import(
    pathToFileURL(join(ROOT, 'test/images/gitImage.mjs')).href
  );
  const image = await images.ensureGitImage();
  const wishes = {
    ssh: { forwardAgent: true },
    credentials: { git: [HOST], env: ['CANARY_TOKEN', 'LD_PRELOAD'] },
  };
  const settings = JSON.stringify({ image, memory: '768mb', disk: '3gb', ...wishes });
  machine = await TestMachine.open('credentials', { '.bulkhead.json': settings });
  app = createApp({
    log: silentLog,
    dataDirectory: machine.cli.dataDirectory,
    proxyCommand: ['bulkhead'],
    confirmSignature: async (wish, signal) => {
      asked.push({ wish, signal });
      return answer(wish);
    },
  });
});

afterAll(async () => {
  app?.dispose();
  agent?.kill();
  await machine?.dispose();
  process.env = before;
  await rm(host, { recursive: true, force: true });
});

async function sh(script: string, options: RunOptions = OWN) {
  const guest = await app.guest(machine.id);
  const output = await guest.run({ script }, { ...options, deadlineMs: 60_000 });
  return { code: output.code, out: output.stdout.toString().trim(), err: output.stderr.toString().trim() };
}

const VARIABLES = `echo "\${SSH_AUTH_SOCK-none} \${GIT_CONFIG_COUNT-none} \${CANARY_TOKEN-none}"`;

test('by default nothing is there', async () => {
  expect((await sh(VARIABLES)).out).toBe('none none none');
  expect((await sh('ls -A /.bulkhead/run/credentials 2>/dev/null || true')).out).toBe('');
  expect(await app.credentials(machine.id)).toMatchObject({ agent: false, git: [], env: [] });
});

test('what the folder asks for counts once it is allowed, and no longer when that is taken back', async () => {
  const up = await machine.up('--allow-git', '--allow-env');
  expect(up.warnings.join()).toContain('LD_PRELOAD');
  const granted = { agent: false, git: [HOST], env: ['CANARY_TOKEN'], origin: 'folder' };
  expect(await app.credentials(machine.id)).toMatchObject(granted);
  expect((await sh('echo $CANARY_TOKEN')).out).toBe(ENV_CANARY);
  await machine.cli.ok(['consent', machine.workspace.folder, '--revoke', 'env', 'git']);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  expect((await sh(VARIABLES)).out).toBe('none none none');
});

describe('the SSH agent', () => {
  beforeAll(async () => {
    await app.setCredentials(machine.id, { agent: true });
  });

  test('lists keys without their comments, to its account and root only', async () => {
    const { out } = await sh('echo "$SSH_AUTH_SOCK"; ssh-add -l');
    const [socket = '', listed = ''] = out.split('\n');
    expect(socket).toMatch(/^\/\.bulkhead\/run\/credentials\/[0-9a-f]{16}\/agent$/);
    expect(listed).toContain(fingerprint);
    expect(out).not.toContain('laptop');
    expect((await sh(`SSH_AUTH_SOCK=${socket} ssh-add -l`, { user: 'root' })).out).toContain(fingerprint);
    expect((await sh(`SSH_AUTH_SOCK=${socket} ssh-add -l`, { user: 'nobody' })).code).toBe(2);
    // Programs of Bulkhead's own get nothing.
    expect((await sh(VARIABLES, {})).out).toBe('none none none');
  });

  test('signs a login after a yes, and the question says as whom and where', async () => {
    answer = () => true;
    const { out, err, code } = await sh(`cd && rm -rf d && mkdir d && cd d
      ssh-keygen -q -t ed25519 -N '' -f host; ssh-add -L > authorized
      /usr/sbin/sshd -p 2222 -h $PWD/host -o PidFile=none -o UsePAM=no -o StrictModes=no -o AuthorizedKeysFile=$PWD/authorized
      ssh-keygen -lf host.pub | cut -d' ' -f2
      ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -p 2222 127.0.0.1 echo in`);
    expect({ code, err }).toMatchObject({ code: 0 });
    const [hostKey, said] = out.split('\n');
    expect(said).toBe('in');
    expect(asked.at(-1)?.wish).toEqual({
      machineId: machine.id,
      fingerprint,
      comment: 'jo@laptop',
      keyType: 'ssh-ed25519',
      purpose: { kind: 'login', user: 'sailor', service: 'ssh-connection', hostKey },
    });
  });

  test('names what is no login, and a no fails it', async () => {
    answer = () => true;
    const sign =
      'cd && ssh-add -L > k.pub && echo text > t && rm -f t.sig && ssh-keygen -q -Y sign -n file -f k.pub t';
    expect((await sh(`${sign} && cat t.sig`)).out).toContain('BEGIN SSH SIGNATURE');
    expect(asked.at(-1)?.wish.purpose).toEqual({ kind: 'file', namespace: 'file' });
    answer = () => false;
    const denied = await sh(sign);
    expect(denied.code).not.toBe(0);
    expect((await sh('cd && ls t.sig')).code).not.toBe(0);
    expect((await app.credentials(machine.id)).uses.at(-1)).toMatchObject({
      given: false,
      why: 'it was denied',
    });
  });

  test('takes no keys and removes none', async () => {
    const before = (await run('ssh-add', ['-l'])).stdout;
    const { out } = await sh(`cd && rm -f n n.pub && ssh-keygen -q -t ed25519 -N '' -f n
      ssh-add n 2>/dev/null; echo $?; ssh-add -D 2>/dev/null; echo $?; ssh-add -x < /dev/null 2>/dev/null; echo $?`);
    expect(out.split('\n').slice(0, 2)).toEqual(['1', '1']);
    expect((await run('ssh-add', ['-l'])).stdout).toBe(before);
  });

  test('taken back while the question is on the screen: it fails at once, and a later yes signs nothing', async () => {
    let late: (yes: boolean) => void = () => undefined;
    answer = () => new Promise((resolve) => (late = resolve));
    const count = asked.length;
    const signing = sh('cd && ssh-add -L > k.pub && ssh-add -T k.pub');
    while (asked.length === count) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const socket = (await sh('echo $SSH_AUTH_SOCK')).out;
    await app.setCredentials(machine.id, { agent: false });
    expect((await signing).code).not.toBe(0);
    expect(asked.at(-1)?.signal.aborted).toBe(true);
    late(true);
    expect((await sh(`SSH_AUTH_SOCK=${socket} ssh-add -l`)).code).toBe(2);
    expect((await sh(VARIABLES)).out).toBe('none none none');
  });

  test('taken back in a terminal, it is gone from this window too', async () => {
    answer = () => true;
    await app.setCredentials(machine.id, { agent: true });
    const socket = (await sh('echo $SSH_AUTH_SOCK')).out;
    expect((await sh(`SSH_AUTH_SOCK=${socket} ssh-add -l`)).code).toBe(0);
    await machine.bulkhead('credentials', '--revoke');
    expect((await sh(`SSH_AUTH_SOCK=${socket} ssh-add -l`)).code).not.toBe(0);
  });

  test('in a terminal the flag lends it for one command, and says no where nobody can be asked', async () => {
    const list = await machine.exec(['ssh-add', '-l'], ['--forward-agent', '--allow-every-signature']);
    expect(list.stdout).toContain(fingerprint);
    const test = await machine.exec(
      ['sh', '-c', 'cd && ssh-add -L > k.pub && ssh-add -T k.pub && echo signed'],
      ['--allow-every-signature'],
    );
    expect(test.stdout).toContain('signed');
    const nobody = await machine.exec(['ssh-add', '-l'], ['--forward-agent']);
    expect(nobody.code).toBe(2);
    expect(nobody.stderr).toContain('no terminal to ask on');
    expect((await machine.exec(['ssh-add', '-l'])).code).toBe(2);
  });
});

describe('git credentials', () => {
  const fill = (name: string, more = '') =>
    sh(
      `printf 'protocol=https\\nhost=${name}\\n${more}\\n' | GIT_TERMINAL_PROMPT=0 git credential fill 2>&1 | grep -E '^(username|password)=' || true`,
    );

  test('come for the host that is lent, and for no other', async () => {
    await app.setCredentials(machine.id, { git: [HOST] });
    expect((await fill(HOST)).out).toBe(`username=jo\npassword=${GIT_CANARY}`);
    expect((await fill(HOST, 'path=some/repo.git\\n')).out).toContain(GIT_CANARY);
    expect((await fill(`other.${HOST}`)).out).toBe('');
    const direct = await sh(
      `socket=$(echo "$GIT_CONFIG_VALUE_0" | cut -d' ' -f2)
       printf 'protocol=https\\nhost=other.example.test\\n\\n' | /.bulkhead/bin/git-credential-bulkhead $socket get
       printf 'protocol=http\\nhost=${HOST}\\n\\n' | /.bulkhead/bin/git-credential-bulkhead $socket get; echo end`,
    );
    expect(direct.out).toBe('end');
    const { uses } = await app.credentials(machine.id);
    expect(uses.filter(({ kind }) => kind === 'git').map(({ what, given }) => [what, given])).toEqual([
      [`git credentials for ${HOST}`, true],
      [`git credentials for ${HOST}`, true],
      ['git credentials for other.example.test', false],
      ['git credentials', false],
    ]);
  });

  test('are gone when they are taken back', async () => {
    const socket = (await sh(`echo "$GIT_CONFIG_VALUE_0" | cut -d' ' -f2`)).out;
    await app.setCredentials(machine.id, { git: [] });
    expect((await fill(HOST)).out).toBe('');
    const stale = await sh(
      `printf 'protocol=https\\nhost=${HOST}\\n\\n' | /.bulkhead/bin/git-credential-bulkhead ${socket} get`,
    );
    expect(stale).toMatchObject({ code: 1, out: '' });
  });
});

test('variables come to new programs of the machine’s own account, while they are lent', async () => {
  await app.setCredentials(machine.id, { env: ['CANARY_TOKEN'] });
  expect((await sh('echo $CANARY_TOKEN')).out).toBe(ENV_CANARY);
  expect((await sh('echo $CANARY_TOKEN', { ...OWN, env: { CANARY_TOKEN: 'mine' } })).out).toBe('mine');
  expect((await sh('echo $CANARY_TOKEN', { ...OWN, user: 'root' })).out).toBe('');
  expect((await sh('echo $CANARY_TOKEN', {})).out).toBe('');
  await expect(app.setCredentials(machine.id, { env: ['LD_PRELOAD'] })).rejects.toThrow('can’t be lent');
});

test('after a sleep the agent’s socket is where it was', async () => {
  answer = () => true;
  await app.setCredentials(machine.id, { agent: true });
  const socket = (await sh('echo $SSH_AUTH_SOCK')).out;
  await app.suspend(machine.id);
  await app.resume(machine.id);
  let listed = await sh(`SSH_AUTH_SOCK=${socket} ssh-add -l`, {});
  for (let tries = 0; tries < 40 && listed.code !== 0; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    listed = await sh(`SSH_AUTH_SOCK=${socket} ssh-add -l`, {});
  }
  expect(listed.out).toContain(fingerprint);
});

test('no secret is in a file, label, log or command line of either side', async () => {
  await app.setCredentials(machine.id, { git: [HOST], env: ['CANARY_TOKEN'], agent: true });
  // A program that has them, and runs on.
  const guest = await app.guest(machine.id);
  const holder = await guest.spawn({ script: 'git credential fill </dev/null; sleep 1000' }, OWN);
  const inGuest = await sh(
    `printf 'protocol=https\\nhost=${HOST}\\n\\n' | git credential fill >/dev/null
    cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '`,
    { ...OWN },
  );
  holder.dispose();
  const { docker } = await engine();
  const container = docker.getContainer(containerName(machine.id));
  const places: [string, string][] = [
    ['the guest’s command lines', inGuest.out],
    ['the host’s command lines', await hostCommandLines()],
    ['docker inspect', JSON.stringify(await container.inspect())],
    ['the volume', JSON.stringify(await docker.getVolume(`bulkhead-machine-${machine.id}`).inspect())],
    ['docker logs', (await container.logs({ stdout: true, stderr: true })).toString('latin1')],
    ['the serial console', await app.console(machine.id)],
    ['the machine’s log', await app.machineLog(machine.id)],
    ...(await filesUnder(machine.cli.dataDirectory)),
  ];
  expect(places.find(([, text]) => text.length > 200)).toBeDefined();
  for (const [place, text] of places) {
    expect(text.includes(GIT_CANARY), place).toBe(false);
    expect(text.includes(ENV_CANARY), place).toBe(false);
  }
  expect(await app.machineLog(machine.id)).toContain(`git credentials for ${HOST}: given`);
});

async function hostCommandLines(): Promise<string> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    processes.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
  );
  return lines.join('\n');
}

async function filesUnder(folder: string): Promise<[string, string][]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.map(async (file): Promise<[string, string]> => [file, await readFile(file, 'latin1')]),
  );
}
