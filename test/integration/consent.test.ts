import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type App, createApp } from '../../src/app';
import { silentLog } from '../../src/core/log';
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
