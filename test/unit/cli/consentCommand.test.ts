import { expect, it } from 'vitest';
import type { App, UpOptions } from '../../../src/app';
import type { Ask, AskKind, FolderAsks } from '../../../src/settings/asks';
import { fakeUpResult } from './fakeMachine';
import { runFake } from './fakeTerminal';

const HOSTS: Ask = {
  kind: 'network-hosts',
  values: ['a.example.org', 'b.example.org'],
  grantedValues: ['a.example.org'],
  granted: false,
  text: 'Reach a.example.org, b.example.org over the network.',
  origin: '.bulkhead.json:3:12: network.allow',
  news: { values: ['b.example.org'] },
};
const PORTS: Ask = {
  kind: 'forward-ports',
  values: ['3000'],
  grantedValues: ['3000'],
  granted: true,
  text: "Open the machine's port 3000 on 127.0.0.1 of this computer.",
  origin: '.bulkhead.json:4:3: forwardPorts',
};
const ASKS: FolderAsks = { folder: '/w/shop', digest: 'd1', asks: [HOSTS, PORTS], answered: false };

/** Keeps what it is asked to grant. */
function fakeConsent() {
  const granted: unknown[] = [];
  const app: Partial<App> = {
    asks: async () => ASKS,
    grant: async (folder, digest, kinds) => {
      granted.push([folder, digest, kinds]);
      return ASKS;
    },
    revokeGrants: async (folder, options) => {
      granted.push([folder, 'revoked', options?.kinds]);
      return { ...ASKS, asks: [] };
    },
  };
  return { app, granted };
}

it('lists what is asked for, where, what counts and what is new; grants nothing by itself', async () => {
  const { app, granted } = fakeConsent();
  const { code, stdout } = await runFake(['consent', '/w/shop'], app);
  expect(code).toBe(0);
  expect(stdout.split('\n').map((line) => line.trim())).toEqual([
    '/w/shop asks to let its machine:',
    'in part  hosts         Reach a.example.org, b.example.org over the network.',
    '.bulkhead.json:3:12: network.allow · allowed: a.example.org · new: b.example.org',
    "allowed  ports         Open the machine's port 3000 on 127.0.0.1 of this computer.",
    '.bulkhead.json:4:3: forwardPorts',
    '',
    'Allow with --grant, or --grant hosts.',
    '',
  ]);
  expect(granted).toEqual([]);
  expect(JSON.parse((await runFake(['consent', '/w/shop', '--json'], app)).stdout)).toEqual(ASKS);
});

it.each<[string, unknown]>([
  ['--grant', ['/w/shop', 'd1', 'all']],
  ['--grant hosts ports', ['/w/shop', 'd1', ['network-hosts', 'forward-ports']]],
  ['--grant --digest d0', ['/w/shop', 'd0', 'all']],
  ['--revoke', ['/w/shop', 'revoked', undefined]],
  ['--revoke hosts', ['/w/shop', 'revoked', ['network-hosts']]],
])('consent /w/shop %s', async (flags, expected) => {
  const { app, granted } = fakeConsent();
  expect((await runFake(['consent', '/w/shop', ...flags.split(' ')], app)).code).toBe(0);
  expect(granted).toEqual([expected]);
});

it.each([
  ['--grant agent', 'does not ask for agent'],
  ['--grant everything', 'nothing that can be granted is called everything'],
  ['--grant --revoke', 'exclude each other'],
])('refuses %s', async (flags, message) => {
  const { app, granted } = fakeConsent();
  const { code, stderr } = await runFake(['consent', '/w/shop', ...flags.split(' ')], app);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(granted).toEqual([]);
});

it.each<[string, readonly AskKind[] | 'all' | undefined]>([
  ['', undefined],
  ['--allow-asked', 'all'],
  ['--allow-full-network --allow-hosts', ['network-hosts', 'network-full']],
  [
    '--allow-ports --allow-presets --allow-mount --allow-write --allow-agent --allow-git --allow-env',
    [
      'network-presets',
      'forward-ports',
      'mount',
      'mount-write',
      'forward-agent',
      'git-credentials',
      'environment',
    ],
  ],
])('up %s', async (flags, expected) => {
  let asked: UpOptions | undefined;
  const up = async (_folder: string, options?: UpOptions) => {
    asked = options;
    return fakeUpResult({ asks: [HOSTS, PORTS], warnings: ['The folder asks to …'] });
  };
  const { code, stdout, stderr } = await runFake(['up', '.', ...flags.split(' ').filter(Boolean)], { up });
  expect(code).toBe(0);
  expect(asked?.allow).toEqual(expected);
  expect(stdout.includes('allowed  ports')).toBe(expected !== undefined);
  expect(stderr).toContain('warning: The folder asks to …');
});
