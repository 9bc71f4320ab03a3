import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type App, createApp, type UpResult } from '../../src/app';
import { silentLog } from '../../src/core/log';
import type { MachineInfo } from '../../src/machine/hypervisor';
import type { NetworkPolicy, PresetQuestion } from '../../src/network/networkService';
import type { FolderAsks } from '../../src/settings/asks';
import { TestMachine } from './fixtures/machine';
import { bareImage } from './fixtures/workspace';

const asking = { forwardPorts: [3000], network: { allow: ['asked.example.org'] } };

let machine: TestMachine;
let app: App;

beforeAll(async () => {
  machine = await TestMachine.prepare('consent', bareImage(asking));
  app = createApp({ log: silentLog, proxyCommand: [], dataDirectory: machine.cli.dataDirectory });
});

afterAll(async () => {
  app?.dispose();
  await machine?.dispose();
});

const up = (...flags: string[]) => machine.cli.ok(['up', machine.workspace.folder, ...flags]);
const consent = async (...flags: string[]) =>
  (await machine.cli.ok(['consent', machine.workspace.folder, '--json', ...flags])).json<FolderAsks>();
/** What counts in the end: what the editor forwards, and what the guest may reach. */
const counts = async () => ({
  ports: await app.portsToForward(machine.id),
  hosts: (await app.networkPolicy(machine.id)).rules.map(({ host }) => host),
});
const NOTHING = { ports: [], hosts: [] };
const ALL = { ports: [3000], hosts: ['asked.example.org'] };

test('without a grant `up` goes on with the safe defaults, and says how to grant', async () => {
  const { stderr } = await up();
  expect(stderr).toMatch(/asks to reach asked\.example\.org .*\.bulkhead\.json:\d+:\d+.*--allow-hosts/);
  expect(stderr).toMatch(/asks to open the machine's port 3000 .*--allow-ports/);
  expect(await counts()).toEqual(NOTHING);
});

test('a grant lies outside the folder, and counts from the next `up` on', async () => {
  const before = await readdir(machine.workspace.folder);
  expect((await consent('--grant')).asks.every(({ granted }) => granted)).toBe(true);
  expect(await readdir(machine.workspace.folder)).toEqual(before);
  const { stderr } = await up();
  expect(stderr).not.toContain('asks to');
  expect(await counts()).toEqual(ALL);
});

test('a changed file asks for all of it again', async () => {
  await machine.workspace.write(bareImage({ ...asking, forwardPorts: [3000, 22] }));
  const { stderr } = await up();
  expect(stderr).toContain('--allow-ports');
  expect(await counts()).toEqual(NOTHING);
  await machine.workspace.write(bareImage(asking));
  await up();
  expect(await counts()).toEqual(ALL);
});

test('a forged or damaged answer is none', async () => {
  const folder = join(machine.cli.dataDirectory, 'grants');
  const [name = ''] = await readdir(folder);
  const file = join(folder, name);
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replaceAll('asked.example.org', 'other.example.org'));
  await up();
  expect(await counts()).toEqual(NOTHING);
  await writeFile(file, text);
});

test('`consent --revoke` takes it back', async () => {
  expect((await consent('--revoke')).asks.some(({ granted }) => granted)).toBe(false);
  await up();
  expect(await counts()).toEqual(NOTHING);
});

test('`up --allow-hosts` grants that and no more, and keeps it', async () => {
  const { stdout, stderr } = await up('--allow-hosts');
  expect(stdout).toContain('Reach asked.example.org over the network.');
  expect(stderr).toContain('--allow-ports');
  await up();
  expect(await counts()).toEqual({ ports: [], hosts: ['asked.example.org'] });
});

test('`full` that a folder was granted ends with the grant, on the running machine and at once', async () => {
  const mode = async () =>
    (await machine.cli.ok(['ls', '--json'])).lines<MachineInfo>().find(({ id }) => id === machine.id)
      ?.networkMode;
  await machine.workspace.write(bareImage({ network: { mode: 'full' } }));
  await up();
  expect(await mode()).toBe('allowlist');
  await consent('--grant', 'full-network');
  expect(await mode()).toBe('full');
  await consent('--revoke', 'full-network');
  expect(await mode()).toBe('allowlist');
  await consent('--grant', 'full-network');
  expect(await mode()).toBe('full');
  // The file asks for something else: nothing of the answer counts, at the next `up`.
  await machine.workspace.write(bareImage({ network: { mode: 'full' }, forwardPorts: [3000] }));
  await up();
  expect(await mode()).toBe('allowlist');
  await up('--allow-full-network');
  expect(await mode()).toBe('full');
  // A file that can't be read any more doesn't keep the user from taking it back.
  await machine.workspace.write({ '.bulkhead.json': '{' });
  expect((await machine.cli.run(['consent', machine.workspace.folder, '--revoke'])).code).toBe(2);
  expect(await mode()).toBe('allowlist');
  // What the user switches by name is no grant: it stays.
  await machine.workspace.write(bareImage({ network: { mode: 'full' } }));
  await machine.cli.ok(['net', machine.id, 'full']);
  await consent('--revoke');
  await up();
  expect(await mode()).toBe('full');
});

test('the hosts of a granted preset count only once they were shown', async () => {
  await machine.workspace.write(bareImage({ network: { presets: ['apt'] } }));
  await up();
  // As the folder's own lifecycle commands, or whoever is root, could.
  await machine.sh(
    'rm -rf /etc/apt/sources.list.d && printf "deb http://evil.test/d x y\\ndeb http://port.test:22/d x y\\n" > /etc/apt/sources.list',
    ['--user', 'root'],
  );
  const { withheld } = (await up('--allow-presets', '--json')).json<UpResult>();
  expect(withheld.join()).toMatch(/apt in the machine names evil\.test, port\.test:22: its own word/);
  expect((await counts()).hosts).toEqual([]);
  const shown = (await machine.bulkhead('net', '--json')).json<NetworkPolicy>();
  expect(shown.named).toEqual([{ preset: 'apt', hosts: ['evil.test', 'port.test:22'] }]);
  const { stderr } = await machine.bulkhead('net', '--preset', 'apt');
  expect(stderr).toContain('left out: port.test:22');
  expect((await counts()).hosts).toEqual(['evil.test']);
  // In the editor a person is asked before the lifecycle commands run: what he ticks counts, of what was asked about.
  await machine.sh('echo "deb http://third.test/d x y" >> /etc/apt/sources.list', ['--user', 'root']);
  await machine.bulkhead('stop');
  const questions: PresetQuestion[] = [];
  const editor = createApp({
    log: silentLog,
    proxyCommand: [],
    dataDirectory: machine.cli.dataDirectory,
    choosePresetHosts: async (question) => {
      questions.push(question);
      return ['port.test:22', 'unasked.test'];
    },
  });
  try {
    const made = await editor.up(machine.workspace.folder);
    expect(questions).toEqual([
      { machineId: machine.id, preset: 'apt', hosts: ['port.test:22', 'third.test'] },
    ]);
    expect(made.withheld.join()).toContain('apt in the machine names third.test:');
  } finally {
    editor.dispose();
  }
  expect((await counts()).hosts.toSorted()).toEqual(['evil.test', 'port.test:22']);
  // What was agreed to for this machine by name is no part of the folder's grant.
  await consent('--revoke');
  expect((await counts()).hosts).toEqual(['evil.test']);
});
