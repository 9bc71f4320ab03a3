import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, it, vi } from 'vitest';
import type { App, AppOptions, MachineCredentials } from '../../../src/app';
import { runCli } from '../../../src/cli/runCli';
import type { SignalSource } from '../../../src/cli/terminal';
import type { SignatureWish } from '../../../src/credentials/credentialUse';
import { changeLent } from '../../../src/credentials/lent';
import { FakeProcess, fakeGuest } from './fakeGuest';
import { fakeMachine } from './fakeMachine';
import { runFake, Sink } from './fakeTerminal';

const NOTHING: MachineCredentials = {
  agent: false,
  git: [],
  env: [],
  origin: 'folder',
  missing: [],
  uses: [],
};

/** An app that keeps what is lent. */
function lender(first: Partial<MachineCredentials> = {}) {
  let now = { ...NOTHING, ...first };
  const changes: unknown[] = [];
  const app: Partial<App> = {
    find: async () => fakeMachine(),
    credentials: async () => now,
    setCredentials: async (_id, change) => {
      changes.push(change);
      now = { ...now, ...changeLent(now, change), origin: 'machine' };
      return now;
    },
  };
  return { app, changes };
}

it('says what is lent, and that nothing is', async () => {
  const nothing = await runFake(['credentials', 'shop'], lender().app);
  expect(nothing).toMatchObject({ code: 0, stdout: 'Nothing is lent to this machine.\n' });
  const { app } = lender({ agent: true, git: ['a.test'], env: ['A_TOKEN'], missing: ['A_TOKEN'] });
  const some = await runFake(['credentials', 'shop'], app);
  expect(some.stdout).toMatch(
    /SSH agent {2}lent.*\ngit {8}a\.test\nvariables {2}A_TOKEN \(not set here\)\nAs you granted/,
  );
  const json = JSON.parse((await runFake(['credentials', 'shop', '--json'], app)).stdout);
  expect(json).toMatchObject({ agent: true, git: ['a.test'], env: ['A_TOKEN'] });
});

it('adds to what is lent; --revoke begins with nothing', async () => {
  const { app, changes } = lender({ agent: true, git: ['a.test'] });
  await runFake(['credentials', 'shop', '--git', 'b.test', '--env', 'A_TOKEN', '--env', 'B_TOKEN'], app);
  await runFake(['credentials', 'shop', '--agent', 'off'], app);
  await runFake(['credentials', 'shop', '--revoke', '--git', 'c.test'], app);
  await runFake(['credentials', 'shop', '--revoke'], app);
  expect(changes).toEqual([
    // Never what it had read before: that may have been taken back since.
    { lend: { git: ['b.test'], env: ['A_TOKEN', 'B_TOKEN'] } },
    { agent: false, lend: {} },
    { agent: false, git: [], env: [], lend: { git: ['c.test'] } },
    { agent: false, git: [], env: [], lend: {} },
  ]);
  expect((await runFake(['credentials', 'shop', '--agent', 'maybe'], app)).code).toBe(2);
});

it('forwards the agent for one command only, and not where nobody can be asked', async () => {
  const { app, changes } = lender();
  const process = new FakeProcess();
  process.exit(0);
  const withGuest = { ...app, guest: async () => fakeGuest({ spawn: async () => process }) };
  const refused = await runFake(['exec', '--forward-agent', 'shop', '--', 'true'], withGuest);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('no terminal to ask on');
  expect(changes).toEqual([]);
  const all = await runFake(['exec', '--allow-every-signature', 'shop', '--', 'true'], withGuest);
  expect(all.code).toBe(0);
  expect(changes).toEqual([{ agent: true, onlyHere: true }]);
});

const wish: SignatureWish = {
  machineId: 'shop-1',
  fingerprint: 'SHA256:abc',
  comment: 'jo@laptop',
  keyType: 'ssh-ed25519',
  purpose: { kind: 'login', user: 'git', service: 'ssh-connection' },
};

/** `exec --forward-agent` on a terminal; `during` runs while the program does. */
async function onTerminal(
  during: (world: {
    stdin: PassThrough;
    stderr: Sink;
    process: FakeProcess;
    ask: () => Promise<boolean>;
    stdout: Sink;
  }) => Promise<void>,
) {
  const process = new FakeProcess();
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stderr = Object.assign(new Sink(), { isTTY: true });
  const stdout = new Sink();
  let options: AppOptions | undefined;
  const app = {
    ...lender().app,
    guest: async () => fakeGuest({ spawn: async () => process }),
    dispose: () => undefined,
  };
  const code = runCli(['exec', '--quiet', '--forward-agent', 'shop', '--', 'git', 'fetch'], {
    createApp: (given) => {
      options = given;
      return app as App;
    },
    version: '1',
    proxyCommand: [],
    terminal: {
      stdin,
      stdout,
      stderr,
      signals: new EventEmitter() as SignalSource,
      env: {},
      cwd: () => '/',
      exit: () => undefined,
    },
  });
  await vi.waitFor(
    () =>
      expect(process.stdout.listenerCount('data') + process.stdout.listenerCount('readable')).toBeGreaterThan(
        0,
      ),
    { timeout: 20_000, interval: 50 },
  );
  const ask = () => options?.confirmSignature?.(wish, new AbortController().signal) ?? Promise.resolve(false);
  await during({ stdin, stderr, process, ask, stdout });
  process.exit(0);
  return code;
}

it('asks on the terminal: only the whole word is a yes, and the program waits', async () => {
  const code = await onTerminal(async ({ stdin, stderr, process, ask, stdout }) => {
    let received = '';
    process.stdin.on('data', (chunk: Buffer) => {
      received += chunk.toString();
    });
    const first = ask();
    await vi.waitFor(() => expect(stderr.text).toContain('anything else denies'), {
      timeout: 20_000,
      interval: 50,
    });
    expect(stderr.text).toContain('jo@laptop ssh-ed25519 SHA256:abc');
    expect(stderr.text).toContain('SSH login as git');
    process.stdout.write('drawn over the question');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(stdout.text).toBe('');
    stdin.write('allow\n');
    expect(await first).toBe(true);
    await vi.waitFor(() => expect(stdout.text).toBe('drawn over the question'), {
      timeout: 20_000,
      interval: 50,
    });
    for (const no of ['y\n', '\n', 'allow it\n', 'deny\n']) {
      const seen = stderr.text.length;
      const next = ask();
      await vi.waitFor(() => expect(stderr.text.slice(seen)).toContain('anything else denies'), {
        timeout: 20_000,
        interval: 50,
      });
      stdin.write(no);
      expect(await next, no).toBe(false);
    }
    stdin.write('for the program\n');
    await vi.waitFor(() => expect(received).toBe('for the program\n'), { timeout: 20_000, interval: 50 });
  });
  expect(code).toBe(0);
});
