import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { App, UpOptions } from '../../../src/app';
import { delay } from '../../../src/core/deadline';
import { BulkheadError, type FailureKind } from '../../../src/core/errors';
import { fakeMachine, fakeUpResult } from './fakeMachine';
import { fakeSample, fakeWatch } from './fakeResources';
import { runFake } from './fakeTerminal';

describe('usage', () => {
  it.each([
    [['launch']],
    [['up', '--sideways']],
    [['stop']],
    [['up', 'a', 'b']],
    [['exec', 'shop']],
    [['exec', 'shop', '--env', 'no-equals', '--', 'ls']],
    [['logs', 'shop', '--tail', '0']],
    [['net', 'shop', 'open']],
    [['net', 'shop', '--preset', 'cargo']],
    [['net', 'shop', '--once']],
    [['net', 'shop', '--yes']],
    [['net', 'shop', '--workspace']],
    [['net', 'shop', '--allow', 'a.test', '--once', '--workspace']],
    [['on-close', 'shop', 'explode']],
  ])('%j exits 2 and says so on stderr', async (args) => {
    const outcome = await runFake(args, { networkModes: async () => ['none', 'allowlist', 'full'] });
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toMatch(/^bulkhead: \S/);
    expect(outcome.stderr).toMatch(/\nNext: /);
    expect(outcome.stdout).toBe('');
  });

  it('tells a script about bad usage in JSON', async () => {
    const outcome = await runFake(['stop', '--json'], {});
    expect(JSON.parse(outcome.stdout)).toEqual({
      error: expect.objectContaining({ kind: 'usage', message: expect.stringContaining('id') }),
    });
  });

  it('does not take the guest command’s --json for its own', async () => {
    const outcome = await runFake(['exec', '--bad', 'shop', '--', 'ls', '--json'], {});
    expect(outcome.code).toBe(2);
    expect(outcome.stdout).toBe('');
  });

  it('helps on request (0) and when nothing was asked for (2)', async () => {
    const asked = await runFake(['--help'], {});
    expect(asked.code).toBe(0);
    expect(asked.stdout).toContain('Usage: bulkhead');
    expect(asked.stdout).not.toContain('proxy');
    const bare = await runFake([], {});
    expect(bare.code).toBe(2);
    expect(bare.stderr).toContain('Usage: bulkhead');
    expect((await runFake(['--version'], {})).stdout).toBe('1.2.3\n');
  });
});

describe('failures', () => {
  const codes: [FailureKind, number][] = [
    ['failed', 1],
    ['usage', 2],
    ['host', 3],
    ['cancelled', 130],
  ];
  it.each(codes)('kind %s exits %i', async (kind, code) => {
    const list = async () => {
      throw new BulkheadError('Listing machines: the engine is gone', {
        kind,
        next: 'Start it.',
        details: 'line 1\nline 2',
      });
    };
    const text = await runFake(['ls'], { list });
    expect(text).toMatchObject({
      code,
      stdout: '',
      stderr: 'bulkhead: Listing machines: the engine is gone\n  line 1\n  line 2\nNext: Start it.\n',
    });
    const json = await runFake(['ls', '--json'], { list });
    expect(json.code).toBe(code);
    expect(JSON.parse(json.stdout)).toEqual({
      error: {
        kind,
        message: 'Listing machines: the engine is gone',
        next: 'Start it.',
        details: 'line 1\nline 2',
      },
    });
    expect(json.stderr).toContain('the engine is gone');
  });

  it('takes the terminal escapes out of what it reports', async () => {
    const list = async () => {
      throw new BulkheadError('bad\u001b[2J name', { details: '\u001b]0;owned\u0007x' });
    };
    const outcome = await runFake(['ls', '--json'], { list });
    expect(outcome.stderr).not.toMatch(/\p{Cc}(?<!\n)/u);
    expect(outcome.stdout).not.toMatch(/\p{Cc}(?<!\n)/u);
  });

  it('reports what nobody foresaw as failed', async () => {
    const outcome = await runFake(['ls'], { list: () => Promise.reject(new TypeError('x is not y')) });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('bulkhead: x is not y');
  });
});

describe('cancelling', () => {
  const waits = (signals: EventEmitter, name: string): Partial<App> => ({
    up: async (_folder: string, options?: UpOptions) => {
      queueMicrotask(() => signals.emit(name));
      await delay(60_000, options?.signal);
      return fakeUpResult();
    },
  });

  it.each(['SIGINT', 'SIGTERM'])('%s aborts the command, which exits 130', async (name) => {
    const signals = new EventEmitter();
    const outcome = await runFake(['up', '--json'], waits(signals, name), { signals });
    expect(outcome).toMatchObject({ code: 130, exits: [] });
    expect(JSON.parse(outcome.stdout).error.kind).toBe('cancelled');
    expect(signals.listenerCount(name)).toBe(0);
  });

  it('ends the process at once on the second signal', async () => {
    const signals = new EventEmitter();
    const app = waits(signals, 'SIGINT');
    signals.once('SIGINT', () => signals.emit('SIGINT'));
    const outcome = await runFake(['up'], app, { signals });
    expect(outcome.exits).toContain(130);
  });
});

describe('stdout with --json', () => {
  const machine = fakeMachine();
  const app: Partial<App> = {
    up: async (_folder, options) => {
      options?.onProgress?.({ phase: 'build', message: 'Step 1/2' });
      return fakeUpResult({ warnings: ['forwardPorts is not built yet'] });
    },
    list: async () => [machine, fakeMachine({ id: 'two', reason: 'killed\u009b31m' })],
    find: async () => machine,
    stop: async () => ({ forced: true }),
    start: async (_id, options) => {
      options?.onProgress?.({ phase: 'boot', message: '' });
      return machine;
    },
    resume: async () => machine,
    suspend: async () => fakeMachine({ state: 'suspended' }),
    remove: async () => undefined,
    reset: async () => undefined,
    differences: async () => [],
    machineLog: async () => 'hook said hello\n',
    console: async () => '\u001b[2Jboot\n',
    usage: async () => ({
      at: 1,
      cpuNs: 2,
      cpuPercent: 3.25,
      memoryBytes: 4,
      memoryLimitBytes: 5,
      upperDiskBytes: 6,
      blockReadBytes: 7,
      blockWriteBytes: 8,
    }),
    watchResources: fakeWatch([fakeSample()]).watchResources,
    ports: async () => [{ port: 80, address: 'any' }],
    doctor: async () => [{ id: 'engine', status: 'ok', message: 'Docker 20.10' }],
    prune: async () => ({ removed: [], freedBytes: 0, dryRun: true }),
    sshConfig: async () => ({ text: 'Host bulkhead-shop-1a2b\n', path: '/x', alias: 'bulkhead-shop-1a2b' }),
    setNetwork: async () => undefined,
    networkModes: async () => ['none', 'allowlist', 'full'],
    networkPolicy: async () => ({ mode: 'allowlist', rules: [{ host: 'example.org', from: 'machine' }] }),
    allowHost: async () => ({ mode: 'allowlist', rules: [] }),
    revokeHost: async () => ({ mode: 'allowlist', rules: [] }),
    presetHosts: async () => ['example.org', 'example.org:22'],
    allowPreset: async () => [{ host: 'example.org', from: 'npm' }],
    networkRows: async () => [
      {
        host: 'example.org',
        port: 443,
        allowed: false,
        reason: 'host',
        count: 2,
        deniedCount: 2,
        receivedBytes: 5,
        firstAt: 1,
        lastAt: 2,
      },
    ],
    setOnClose: async (_id, onClose) =>
      fakeMachine(onClose ? { onClose, onCloseChosen: true } : { onClose: 'stop' }),
  };

  it.each([
    [['up'], { id: 'shop-1a2b', workspace: '/workspaces/shop' }],
    [['stop', 'shop'], { id: 'shop-1a2b', state: 'stopped', forced: true }],
    [['start', 'shop'], { id: 'shop-1a2b', state: 'running' }],
    [['suspend', 'shop'], { state: 'suspended' }],
    [['resume', 'shop'], { state: 'running' }],
    [['rm', 'shop'], { removed: true }],
    [['reset', 'shop'], { reset: true }],
    [['logs', 'shop'], { source: 'log', text: 'hook said hello\n' }],
    [['logs', 'shop', '--console'], { source: 'console', text: '\u001b[2Jboot\n' }],
    [['stats', 'shop'], { id: 'shop-1a2b', cpuPercent: 3.25, guest: { processCount: 12 } }],
    [['ports', 'shop'], { port: 80, address: 'any' }],
    [['doctor'], { ok: true }],
    [['prune', '--dry-run'], { dryRun: true }],
    [['ssh-config', 'shop'], { alias: 'bulkhead-shop-1a2b' }],
    [['ssh', 'shop'], { alias: 'bulkhead-shop-1a2b' }],
    [['net', 'shop'], { network: 'allowlist', rules: [{ host: 'example.org', from: 'machine' }] }],
    [['net', 'shop', 'full', '--allow', 'a.test', '--once', '--revoke', 'b.test'], { id: 'shop-1a2b' }],
    [['net', 'shop', '--preset', 'npm', '--preset', 'git'], { id: 'shop-1a2b' }],
    [['net', 'shop', '--log'], { host: 'example.org', reason: 'host', count: 2 }],
    [['on-close', 'shop'], { onClose: 'suspend', chosen: false }],
    [['on-close', 'shop', 'keep'], { onClose: 'keep', chosen: true }],
    [['on-close', 'shop', 'default'], { onClose: 'stop', chosen: false }],
  ])('%j prints one object and nothing else', async (args, expected) => {
    const outcome = await runFake([...args, '--json'], app);
    expect(outcome.code).toBe(0);
    expect(outcome.stdout.endsWith('\n')).toBe(true);
    expect(outcome.stdout.trimEnd()).not.toContain('\n');
    expect(JSON.parse(outcome.stdout)).toMatchObject(expected);
    const human = await runFake(
      args.filter((word) => word !== 'ssh' || args[0] !== 'ssh'),
      app,
    );
    expect(human.stdout).not.toContain('\u001b');
  });

  it('lists machines as NDJSON, without raw control characters', async () => {
    const outcome = await runFake(['ls', '--json'], app);
    const lines = outcome.stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).id)).toEqual(['shop-1a2b', 'two']);
    expect(JSON.parse(lines[1] ?? '').reason).toBe('killed\u009b31m');
    expect(outcome.stdout).not.toContain('\u009b');
  });

  it('keeps progress and warnings on stderr', async () => {
    const outcome = await runFake(['up', '--json'], app);
    expect(outcome.stderr).toBe('Building the image: Step 1/2\nwarning: forwardPorts is not built yet\n');
    const quiet = await runFake(['up', '--json', '--quiet'], app);
    expect(quiet.stderr).toBe('warning: forwardPorts is not built yet\n');
  });
});

it('up takes the folder relative to the current one, and the data directory from the environment', async () => {
  const asked: (string | undefined)[] = [];
  const up = async (folder: string) => {
    asked.push(folder);
    return fakeUpResult();
  };
  const world = { env: { BULKHEAD_DATA_DIRECTORY: '/data' }, onCreate: (path?: string) => asked.push(path) };
  await runFake(['up', 'shop'], { up }, world);
  expect(asked).toEqual(['/data', '/home/me/shop']);
});

it('doctor exits 3 if something is missing', async () => {
  const doctor: App['doctor'] = async () => [
    {
      id: 'engine',
      status: 'missing',
      message: 'No Docker Engine answers',
      fix: 'Start Docker.',
      actions: [
        { kind: 'terminal', command: 'sudo systemctl start docker' },
        { kind: 'open', url: 'https://docs.docker.com/' },
        { kind: 'recheck' },
      ],
    },
  ];
  const outcome = await runFake(['doctor'], { doctor });
  expect(outcome.code).toBe(3);
  expect(outcome.stdout).toContain('Next: Start Docker.');
  expect(outcome.stdout).toContain(
    'Run: sudo systemctl start docker\n         See: https://docs.docker.com/\n',
  );
});
