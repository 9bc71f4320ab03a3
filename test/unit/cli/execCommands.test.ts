import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { Duplex, PassThrough } from 'node:stream';
import { expect, it, vi } from 'vitest';
import type { App } from '../../../src/app';
import type { GuestCommand, RunOptions } from '../../../src/guest/guest';
import { FakeProcess, fakeGuest } from './fakeGuest';
import { fakeMachine } from './fakeMachine';
import { runFake, Sink } from './fakeTerminal';

function appWith(
  process: FakeProcess,
  calls: { command: GuestCommand; options: RunOptions }[] = [],
): Partial<App> {
  return {
    find: async () => fakeMachine(),
    guest: async () =>
      fakeGuest({
        spawn: async (command, options = {}) => {
          calls.push({ command, options });
          return process;
        },
      }),
  };
}

it('passes argv, user, folder and variables on, and the exit code back', async () => {
  const process = new FakeProcess();
  const calls: { command: GuestCommand; options: RunOptions }[] = [];
  process.exit(7);
  const outcome = await runFake(
    [
      'exec',
      'shop',
      '--user',
      '1000:1000',
      '--cwd',
      '/srv',
      '--env',
      'A=b=c',
      '--env',
      'E=',
      '--',
      'sh',
      '-c',
      'exit 7',
    ],
    appWith(process, calls),
  );
  expect(outcome.code).toBe(7);
  expect(calls).toHaveLength(1);
  expect(calls[0]?.command).toEqual({ argv: ['sh', '-c', 'exit 7'] });
  expect(calls[0]?.options).toMatchObject({ user: '1000:1000', cwd: '/srv', env: { A: 'b=c', E: '' } });
  expect(process.disposed).toBe(true);
});

it('copies bytes both ways as they are, with stdin’s end', async () => {
  const process = new FakeProcess();
  const sent = randomBytes(3_000_000);
  process.stdin.pipe(process.stdout, { end: false });
  process.stdin.once('end', () => {
    process.stderr.write('done');
    process.exit(0);
  });
  const stdin = new PassThrough();
  stdin.end(sent);
  const outcome = await runFake(['exec', 'shop', '--', 'cat'], appWith(process), { stdin });
  expect(outcome.stdoutBytes.equals(sent)).toBe(true);
  expect(outcome.stderr).toBe('done');
  expect(outcome.code).toBe(0);
});

it('does not read further than stdout takes', async () => {
  const process = new FakeProcess();
  let release: (() => void) | undefined;
  const stdout = new (class extends Sink {
    override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
      release = done;
    }
  })({ highWaterMark: 16 });
  const running = runFake(['exec', 'shop', '--', 'yes'], appWith(process), { stdout });
  const chunk = Buffer.alloc(16_384);
  let accepted = 0;
  while (accepted < 1000 && process.stdout.write(chunk)) {
    accepted += 1;
    await new Promise(setImmediate);
  }
  expect(accepted).toBeLessThan(100);
  process.exit(0);
  const drain = setInterval(() => release?.(), 0);
  expect((await running).code).toBe(0);
  clearInterval(drain);
});

it('ends when the process ends, whatever stdin still has', async () => {
  const process = new FakeProcess();
  const stdin = new PassThrough();
  stdin.write('never read');
  setImmediate(() => process.exit(0));
  expect((await runFake(['exec', 'shop', '--', 'true'], appWith(process), { stdin })).code).toBe(0);
});

it('sends SIGINT and SIGTERM to the process and ends at the second', async () => {
  const process = new FakeProcess();
  const signals = new EventEmitter();
  const running = runFake(['exec', 'shop', '--', 'sleep'], appWith(process), { signals });
  await vi.waitFor(() => expect(process.stdin.writableEnded).toBe(true), { timeout: 20_000, interval: 50 });
  signals.emit('SIGTERM');
  expect(process.signals).toEqual(['TERM']);
  signals.emit('SIGINT');
  process.exit(143);
  expect(await running).toMatchObject({ code: 143, exits: [130] });
});

it('says that the connection broke', async () => {
  const process = new FakeProcess();
  setImmediate(() => process.lose(new Error('Connection to shop-1a2b: lost')));
  const outcome = await runFake(['exec', 'shop', '--', 'sleep'], appWith(process));
  expect(outcome.code).toBe(1);
  expect(outcome.stderr).toContain('Connection to shop-1a2b: lost');
});

it('ends like any filter when its reader goes away', async () => {
  const process = new FakeProcess();
  const stdout = new Sink();
  setImmediate(() => stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })));
  const outcome = await runFake(['exec', 'shop', '--', 'yes'], appWith(process), { stdout });
  expect(outcome.code).toBe(141);
  expect(process.disposed).toBe(true);
});

it('refuses a machine that does not run, and says how to wake it', async () => {
  const find = async () => fakeMachine({ state: 'suspended' });
  const outcome = await runFake(['exec', 'shop', '--', 'ls'], { find });
  expect(outcome.code).toBe(1);
  expect(outcome.stderr).toContain('Next: bulkhead resume shop-1a2b');
});

it('with --json collects the output, bytes that are no text as base64', async () => {
  const run = async () => ({
    code: 3,
    stdout: Buffer.from('héllo\n'),
    stderr: Buffer.from([0xff, 0xfe]),
    truncated: false,
  });
  const app: Partial<App> = { find: async () => fakeMachine(), guest: async () => fakeGuest({ run }) };
  const outcome = await runFake(['exec', 'shop', '--json', '--', 'x'], app);
  expect(outcome.code).toBe(3);
  expect(JSON.parse(outcome.stdout)).toEqual({
    id: 'shop-1a2b',
    code: 3,
    stdout: 'héllo\n',
    stderr: { base64: '//4=' },
    truncated: false,
  });
});

it('opens a shell in raw mode, follows the size, and restores the terminal', async () => {
  const process = new FakeProcess();
  const modes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (raw: boolean) => modes.push(raw),
  });
  const stdout = Object.assign(new Sink(), { isTTY: true, columns: 100, rows: 30 });
  const shells: unknown[] = [];
  const app: Partial<App> = {
    find: async () => fakeMachine(),
    guest: async () =>
      fakeGuest({
        shell: async (options) => {
          shells.push(options.pty);
          return process;
        },
      }),
  };
  const running = runFake(['ssh', 'shop'], app, { stdin, stdout });
  await vi.waitFor(() => expect(modes).toEqual([true]), { timeout: 20_000, interval: 50 });
  stdout.columns = 120;
  stdout.emit('resize');
  process.exit(5);
  expect((await running).code).toBe(5);
  expect(shells).toEqual([{ columns: 100, rows: 30, term: 'xterm-256color' }]);
  expect(process.sizes).toEqual([{ columns: 120, rows: 30 }]);
  expect(modes).toEqual([true, false]);
});

it('ssh without a terminal is bad usage', async () => {
  const outcome = await runFake(['ssh', 'shop'], { find: async () => fakeMachine() });
  expect(outcome.code).toBe(2);
});

it('proxy joins stdio to the guest’s port', async () => {
  const sent: Buffer[] = [];
  const stream = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      sent.push(chunk);
      done();
    },
    final(done) {
      this.push('SSH-2.0-guest\r\n');
      this.push(null);
      done();
    },
  });
  const stdin = new PassThrough();
  stdin.end('SSH-2.0-client\r\n');
  const app: Partial<App> = { find: async () => fakeMachine(), connect: async () => stream };
  const outcome = await runFake(['proxy', 'shop'], app, { stdin });
  expect(outcome).toMatchObject({ code: 0, stdout: 'SSH-2.0-guest\r\n' });
  expect(Buffer.concat(sent).toString()).toBe('SSH-2.0-client\r\n');
});
