import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { UpOptions } from '../../../src/app';
import { effectiveSettings } from '../../../src/settings/effectiveSettings';
import { fakeUpResult } from './fakeMachine';
import { runFake } from './fakeTerminal';

async function folderWith(text: string): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-config-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, '.bulkhead.json'), text);
  return folder;
}

it('prints a table of values and where they come from', async () => {
  const folder = await folderWith('{\n  "memory": "1gb", "idleTimeout": "90m"\n}');
  const { code, stdout } = await runFake(['config', folder, '--cpus', '4'], { effectiveSettings });
  expect(code).toBe(0);
  const row = (key: string) =>
    stdout
      .split('\n')
      .find((line) => line.startsWith(key))
      ?.split(/ {2,}/);
  expect(row('cpus')).toEqual(['cpus', '4', 'command line']);
  expect(row('memory')).toEqual(['memory', '1 GB', '.bulkhead.json:2:13']);
  expect(row('idleTimeout')).toEqual(['idleTimeout', '90m', '.bulkhead.json:2:35']);
  expect(row('disk')).toEqual(['disk', '20 GB', 'default']);
});

it('prints one JSON object with file, line and column', async () => {
  const folder = await folderWith('{"cpus": 1}');
  const { stdout } = await runFake(['config', folder, '--json'], { effectiveSettings });
  const found = JSON.parse(stdout);
  expect(found.folder).toBe(folder);
  expect(found.settings.find(({ key }: { key: string }) => key === 'cpus')).toEqual({
    key: 'cpus',
    value: 1,
    from: {
      kind: '.bulkhead.json',
      file: join(folder, '.bulkhead.json'),
      line: 1,
      column: 10,
      key: 'cpus',
    },
  });
});

it('exits 2 for settings that can’t be', async () => {
  const folder = await folderWith('{"cpu": 1}');
  const { code, stderr } = await runFake(['config', folder, '--memory', 'lots'], { effectiveSettings });
  expect(code).toBe(2);
  expect(stderr).toContain('Did you mean "cpus"?');
  expect(stderr).toContain('command line: memory: "lots" is not a size');
});

it('up hands its flags on as keys of .bulkhead.json', async () => {
  let asked: UpOptions | undefined;
  const up = async (_folder: string, options?: UpOptions) => {
    asked = options;
    return fakeUpResult();
  };
  const flags =
    '--cpus 4 --memory 1gb --network full --allow a.test --allow *.b.test --exclude a --exclude b --forward-port 80 --on-close keep';
  expect((await runFake(['up', '.', ...flags.split(' ')], { up })).code).toBe(0);
  expect(asked?.overrides).toEqual({
    cpus: 4,
    memory: '1gb',
    network: { mode: 'full', allow: ['a.test', '*.b.test'] },
    workspace: { exclude: ['a', 'b'] },
    forwardPorts: [80],
    onClose: 'keep',
  });
});

it('up says that a machine that runs was made with other settings', async () => {
  const up = async () => fakeUpResult({ outdated: 'The settings have changed.' });
  const { code, stderr, stdout } = await runFake(['up', '--json'], { up });
  expect(code).toBe(0);
  expect(stderr).toContain('warning: The settings have changed.\n');
  expect(JSON.parse(stdout).outdated).toBe('The settings have changed.');
});
