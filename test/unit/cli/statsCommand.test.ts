import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { App } from '../../../src/app';
import { bar, statsPanel } from '../../../src/cli/statsPanel';
import { BulkheadError } from '../../../src/core/errors';
import { fakeMachine } from './fakeMachine';
import { fakeSample, fakeWatch } from './fakeResources';
import { runFake, Sink } from './fakeTerminal';

const USAGE = {
  at: 1,
  cpuNs: 2,
  cpuPercent: 3.25,
  memoryBytes: 4,
  memoryLimitBytes: 5,
  upperDiskBytes: 6,
  blockReadBytes: 7,
  blockWriteBytes: 8,
};

const app = (changes: Partial<App> = {}): Partial<App> => ({
  find: async () => fakeMachine(),
  usage: async () => USAGE,
  ...changes,
});

const { guest: _guest, ...hostOnly } = fakeSample();

describe('stats', () => {
  it('adds both sides’ samples to the keys that --json has had', async () => {
    const { watchResources, disposed } = fakeWatch([hostOnly, fakeSample()]);
    const outcome = await runFake(['stats', 'shop', '--json'], app({ watchResources }));
    expect(outcome.code).toBe(0);
    const { host, guest } = fakeSample();
    expect(JSON.parse(outcome.stdout)).toEqual({ id: 'shop-1a2b', ...USAGE, host, guest });
    expect(disposed.count).toBe(1);
  });

  it('does without a guest that does not answer', async () => {
    const { watchResources } = fakeWatch([hostOnly, hostOnly, hostOnly, hostOnly]);
    const outcome = await runFake(['stats', 'shop', '--json'], app({ watchResources }));
    expect(JSON.parse(outcome.stdout)).toEqual({ id: 'shop-1a2b', ...USAGE, host: hostOnly.host });
    const text = await runFake(['stats', 'shop'], app({ watchResources }));
    expect(text.stdout).toContain('THE GUEST DOES NOT ANSWER');
  });

  it('says what it can of a machine that does not run, or that can’t be watched', async () => {
    const stopped = await runFake(
      ['stats', 'shop', '--json'],
      app({ find: async () => fakeMachine({ state: 'stopped' }) }),
    );
    expect(JSON.parse(stopped.stdout)).toEqual({ id: 'shop-1a2b', ...USAGE });
    const { watchResources } = fakeWatch([], new BulkheadError('no sampler'));
    const broken = await runFake(['stats', 'shop', '--json'], app({ watchResources }));
    expect(broken).toMatchObject({ code: 0, stderr: 'warning: no sampler\n' });
    expect(JSON.parse(broken.stdout)).toEqual({ id: 'shop-1a2b', ...USAGE });
  });

  it('follows with one line a sample, until the machine ends', async () => {
    const gone = new BulkheadError('The machine shop-1a2b does not run: it is suspended');
    const { watchResources } = fakeWatch([fakeSample()], gone);
    const outcome = await runFake(['stats', 'shop', '--follow', '--json'], app({ watchResources }));
    expect(outcome.code).toBe(1);
    const [first = '', error = ''] = outcome.stdout.trim().split('\n');
    expect(JSON.parse(first)).toMatchObject({ cpuPercent: 3.25, host: { cpuPercent: 103.2 } });
    expect(JSON.parse(error).error.message).toContain('it is suspended');
    const text = await runFake(['stats', 'shop', '--follow'], app({ watchResources }));
    expect(text.stdout.split('\n').map((line) => line.trim().split(/\s+/)[0])).toEqual(['CPU', '3.3%', '']);
  });

  it('draws a panel over itself in a terminal, as small as the terminal is', async () => {
    const stdout = Object.assign(new Sink(), { isTTY: true, columns: 60, rows: 10 });
    const signals = new EventEmitter();
    const { watchResources } = fakeWatch([fakeSample(), fakeSample()]);
    setTimeout(() => signals.emit('SIGINT'), 100);
    const outcome = await runFake(['stats', 'shop', '-f'], app({ watchResources }), { stdout, signals });
    expect(outcome.code).toBe(130);
    const [first = '', second = ''] = outcome.stdout.split('\u001b[9A');
    expect(second).toBe(first);
    const lines = first.split('\n').slice(0, -1);
    expect(lines).toHaveLength(9);
    for (const line of lines) {
      expect(line.split('\u001b[K')[1]?.length).toBeLessThan(60);
    }
  });
});

describe('statsPanel', () => {
  it('says whose word each figure is', () => {
    const panel = statsPanel(fakeMachine(), fakeSample());
    expect(panel[2]).toMatch(/^ +THE HOST MEASURES +THE GUEST SAYS$/);
    const text = panel.join('\n');
    expect(text).toMatch(/^CPU +103\.2% +97\.0%$/m);
    expect(text).toMatch(/^ {2}CPU 0 +█+▋ +98\.1% +█+▍·* +97\.0%$/m);
    expect(text).toMatch(/612 MB of 2 GB +.* 512 MB of 1 GB, 256 MB cached$/m);
    expect(text).toMatch(/^disk +5 MB taken +8 GB of 16 GB$/m);
    expect(text).toMatch(/^network +none +1 KB\/s in, 10 B\/s out$/m);
    expect(text).toMatch(/^ +31 +1000 +49\.5% +1 MB {2}node$/m);
    expect(text).toContain('init (Bulkhead’s)');
  });

  it('lets no name move the cursor', () => {
    const sample = fakeSample();
    const [process] = sample.guest?.processes ?? [];
    if (process) {
      process.name = '\u001b[2J\u001b]0;x\u0007evil\nCPU 0';
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(statsPanel(fakeMachine(), sample).join('')).not.toMatch(/[\u0000-\u001f]/);
  });
});

it.each([
  [0, '····'],
  [50, '██··'],
  [53.2, '██▏·'],
  [100, '████'],
  [250, '████'],
  [-1, '····'],
])('bar(%d) is %s', (percent, drawn) => {
  expect(bar(percent, 4)).toBe(drawn);
});
