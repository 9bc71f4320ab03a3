import { describe, expect, it } from 'vitest';
import { NETWORK_PRESETS } from '../../../src/network/networkService';
import {
  ASK_KINDS,
  ASK_WORDS,
  type Ask,
  type AskKind,
  asksDigest,
  type Grant,
} from '../../../src/settings/asks';
import { type ReadWorkspaceOptions, readWorkspace } from '../../../src/settings/readWorkspace';
import { NETWORK_PRESET_NAMES, type WorkspaceSpec } from '../../../src/settings/workspaceSpec';
import { workspace } from './workspaceFixture';

/** One of each kind, what it is in effect, and what there is without the user's agreement. */
const EACH: [AskKind, object, (spec: WorkspaceSpec) => unknown, unknown, unknown][] = [
  [
    'network-hosts',
    { network: { allow: ['B.example.org', 'a.example.org:8443'] } },
    (spec) => spec.network.allow,
    ['b.example.org', 'a.example.org:8443'],
    [],
  ],
  ['network-presets', { network: { presets: ['npm'] } }, (spec) => spec.network.presets, ['npm'], []],
  ['network-full', { network: { mode: 'full' } }, (spec) => spec.network.mode, 'full', 'allowlist'],
  ['forward-ports', { forwardPorts: [3000, 80] }, (spec) => spec.forwardPorts, [3000, 80], []],
  ['mount', { workspace: { mode: 'mount' } }, (spec) => spec.workspace.mode, 'mount', 'copy'],
  ['forward-agent', { ssh: { forwardAgent: true } }, (spec) => spec.ssh.forwardAgent, true, false],
  [
    'git-credentials',
    { credentials: { git: ['git.example.org'] } },
    (spec) => spec.credentials.git,
    ['git.example.org'],
    [],
  ],
  ['environment', { credentials: { env: ['NPM_TOKEN'] } }, (spec) => spec.credentials.env, ['NPM_TOKEN'], []],
];

/** An answer that grants these kinds of what the folder asks for. */
function answerTo(spec: WorkspaceSpec, kinds: readonly AskKind[]): Grant {
  const asked = spec.asks.map(({ kind, values }) => ({ kind, values }));
  return {
    digest: asksDigest(spec.folder, asked),
    asked,
    granted: asked.filter(({ kind }) => kinds.includes(kind)),
    answered: true,
  };
}

const shape = ({ kind, values, grantedValues, granted }: Ask) => ({ kind, values, grantedValues, granted });

async function folderAsking(settings: object, options: ReadWorkspaceOptions = {}) {
  const folder = await workspace({ '.bulkhead.json': settings });
  return { folder, spec: await readWorkspace(folder, options) };
}

describe('what a repo may not do by itself', () => {
  it.each(EACH)('%s counts only once it is granted', async (kind, settings, read, granted, safe) => {
    const { folder, spec } = await folderAsking(settings);
    expect(read(spec)).toEqual(safe);
    expect(spec.asks.map(({ kind }) => kind)).toEqual([kind]);
    expect(spec.asks[0]?.granted).toBe(false);
    expect(spec.asks[0]?.origin).toMatch(/^\.bulkhead\.json:1:\d+: /);
    expect(spec.withheld).toHaveLength(1);
    expect(spec.warnings).toEqual(spec.withheld);
    expect(spec.warnings.join()).toContain(`bulkhead up --allow-${ASK_WORDS[kind]}`);

    const agreed = await readWorkspace(folder, { grants: { answer: answerTo(spec, [kind]) } });
    expect(read(agreed)).toEqual(granted);
    expect(agreed.asks[0]?.granted).toBe(true);
    expect(agreed.warnings).toEqual([]);
    const declined = await readWorkspace(folder, { grants: { answer: answerTo(spec, []) } });
    expect(read(declined)).toEqual(safe);
  });

  it.each(EACH)('%s needs no grant if the user says it himself', async (_kind, settings, read, granted) => {
    const empty = await workspace();
    expect(read(await readWorkspace(empty, { overrides: { ...settings } }))).toEqual(granted);
    const asking = await workspace({ '.bulkhead.json': settings });
    const spec = await readWorkspace(asking, { overrides: { ...settings } });
    expect(spec.warnings).toEqual([]);
  });

  it.each(EACH)('%s is asked for by customizations too', async (kind, settings, read, granted, safe) => {
    const folder = await workspace({ '.devcontainer.json': { customizations: { bulkhead: settings } } });
    const spec = await readWorkspace(folder);
    expect(read(spec)).toEqual(safe);
    expect(spec.asks.map(({ kind }) => kind)).toEqual([kind]);
    expect(read(await readWorkspace(folder, { grants: { now: [kind] } }))).toEqual(granted);
  });

  it('every kind is asked for by something here, and has a word of its own', () => {
    // `network-allowlist` is asked for only where the user's settings say `none`: ownWall.test.ts.
    expect([...EACH.map(([kind]) => kind), 'mount-write', 'network-allowlist'].sort()).toEqual(
      [...ASK_KINDS].sort(),
    );
    expect(new Set(Object.values(ASK_WORDS)).size).toBe(ASK_KINDS.length);
  });

  it('a mount is read-only until writing is granted as well', async () => {
    const settings = { workspace: { mode: 'mount', readOnly: false } };
    const { folder, spec } = await folderAsking(settings);
    expect(spec.workspace).toMatchObject({ mode: 'copy', readOnly: false });
    const mounted = await readWorkspace(folder, { grants: { answer: answerTo(spec, ['mount']) } });
    expect(mounted.workspace).toMatchObject({ mode: 'mount', readOnly: true });
    expect(mounted.withheld).toHaveLength(1);
    const writable = await readWorkspace(folder, { grants: { now: 'all' } });
    expect(writable.workspace).toMatchObject({ mode: 'mount', readOnly: false });
    const ask = await readWorkspace(await workspace({ '.bulkhead.json': { workspace: { mode: 'mount' } } }), {
      grants: { now: 'all' },
    });
    expect(ask.workspace).toMatchObject({ mode: 'mount', readOnly: true });
  });

  it('does not make a mount of the user’s own choice writable', async () => {
    const { spec } = await folderAsking(
      { workspace: { readOnly: false } },
      { overrides: { workspace: { mode: 'mount' } } },
    );
    expect(spec.workspace).toMatchObject({ mode: 'mount', readOnly: true });
  });

  it('an ungranted "full" leaves what the user’s own settings say', async () => {
    const { folder } = await folderAsking({ network: { mode: 'full' } });
    const mode = async (usual: string) =>
      (await readWorkspace(folder, { defaults: { 'network.mode': usual } })).network.mode;
    expect(await mode('none')).toBe('none');
    expect(await mode('full')).toBe('full');
    expect((await readWorkspace(folder, { overrides: { network: { mode: 'none' } } })).warnings).toEqual([]);
  });

  it('a folder may ask for less than the user’s usual network', async () => {
    const { spec } = await folderAsking(
      { network: { mode: 'none' } },
      { defaults: { 'network.mode': 'full' } },
    );
    expect(spec.network.mode).toBe('none');
    expect(spec.asks).toEqual([]);
  });

  it('unites hosts of the folder, the user and the command line, and knows whose they are', async () => {
    const { spec } = await folderAsking(
      { network: { allow: ['a.example.org', 'b.example.org'] } },
      {
        defaults: { 'network.allow': ['b.example.org'] },
        overrides: { network: { allow: ['c.example.org'] } },
      },
    );
    expect(spec.network.allowedBy).toEqual({ 'c.example.org': 'command line', 'b.example.org': 'user' });
    expect(spec.asks.map(shape)).toEqual([
      {
        kind: 'network-hosts',
        values: ['a.example.org', 'b.example.org'],
        grantedValues: ['b.example.org'],
        granted: false,
      },
    ]);
    expect(spec.withheld.join()).toContain('reach a.example.org over');
    const granted = await readWorkspace(spec.folder, { grants: { now: 'all' } });
    expect(granted.network.allowedBy).toEqual({ 'a.example.org': 'workspace', 'b.example.org': 'workspace' });
  });

  it('asks for what both files list', async () => {
    const folder = await workspace({
      '.bulkhead.json': { network: { allow: ['a.example.org'] } },
      '.devcontainer.json': { customizations: { bulkhead: { network: { allow: ['b.example.org'] } } } },
    });
    expect((await readWorkspace(folder)).asks[0]?.values).toEqual(['a.example.org', 'b.example.org']);
  });

  it('ports of devcontainer.json itself are asked for, where they stand', async () => {
    const folder = await workspace({ '.devcontainer.json': '{\n"forwardPorts": [3000]}' });
    const spec = await readWorkspace(folder);
    expect(spec.forwardPorts).toEqual([]);
    expect(spec.asks[0]?.origin).toBe('.devcontainer.json:2:17: forwardPorts');
    expect((await readWorkspace(folder, { grants: { now: 'all' } })).forwardPorts).toEqual([3000]);
  });

  it('initializeCommand never counts, whatever is granted', async () => {
    const folder = await workspace({ '.devcontainer.json': { initializeCommand: 'touch /tmp/x' } });
    const spec = await readWorkspace(folder, { grants: { now: 'all' } });
    expect(spec.asks).toEqual([]);
    expect(spec.hooks).toEqual({});
    expect(spec.warnings.join()).toContain('initializeCommand of devcontainer.json is left out');
  });
});

describe('an answer', () => {
  const asking = { network: { allow: ['a.example.org'] }, forwardPorts: [3000] };
  const both: AskKind[] = ['network-hosts', 'forward-ports'];

  it.each([
    ['another host', { ...asking, network: { allow: ['b.example.org'] } }],
    ['one host more', { ...asking, network: { allow: ['a.example.org', 'b.example.org'] } }],
    ['one thing less', { network: asking.network }],
    ['one thing more', { ...asking, ssh: { forwardAgent: true } }],
    ['a host for another port', { ...asking, network: { allow: ['a.example.org:22'] } }],
  ])('counts no longer with %s', async (_what, changed) => {
    const { folder, spec } = await folderAsking(asking);
    const answer = answerTo(spec, both);
    const other = await workspace({ '.bulkhead.json': changed });
    // Made as if for that folder: only what is asked for differs.
    const forged = { ...answer, digest: asksDigest(other, answer.asked) };
    const changedSpec = await readWorkspace(other, { grants: { answer: forged } });
    expect(changedSpec.asks.every(({ granted }) => !granted)).toBe(true);
    expect(changedSpec.forwardPorts).toEqual([]);
    expect((await readWorkspace(folder, { grants: { answer } })).forwardPorts).toEqual([3000]);
  });

  it('counts for its own folder only', async () => {
    const { spec } = await folderAsking(asking);
    const twin = await workspace({ '.bulkhead.json': asking });
    const moved = await readWorkspace(twin, { grants: { answer: answerTo(spec, both) } });
    expect(moved.network.allow).toEqual([]);
  });

  it('counts on when the same is only written in another way', async () => {
    const { folder, spec } = await folderAsking({
      network: { allow: ['a.example.org', 'b.example.org'] },
      cpus: 1,
    });
    const answer = answerTo(spec, both);
    const { writeFile } = await import('node:fs/promises');
    await writeFile(
      `${folder}/.bulkhead.json`,
      '{\n// more\n"cpus": 2, "network": {"allow": ["B.example.org", "a.example.org", "a.example.org"]}}',
    );
    expect((await readWorkspace(folder, { grants: { answer } })).network.allow).toEqual([
      'b.example.org',
      'a.example.org',
    ]);
  });

  it('can grant a part', async () => {
    const { folder, spec } = await folderAsking({ network: { allow: ['a.example.org', 'b.example.org'] } });
    const whole = answerTo(spec, both);
    const answer = {
      ...whole,
      granted: [{ kind: 'network-hosts' as const, values: ['b.example.org', 'c.org'] }],
    };
    const part = await readWorkspace(folder, { grants: { answer } });
    expect(part.network.allow).toEqual(['b.example.org']);
    expect(part.asks[0]).toMatchObject({ granted: false, grantedValues: ['b.example.org'] });
  });

  it('marks what is new since then', async () => {
    const { spec } = await folderAsking(asking);
    const { folder } = await folderAsking({
      network: { allow: ['b.example.org', 'a.example.org'] },
      ssh: { forwardAgent: true },
      forwardPorts: [3000],
    });
    const changed = await readWorkspace(folder, { grants: { answer: answerTo(spec, both) } });
    expect(changed.asks.map(({ kind, news }) => [kind, news])).toEqual([
      ['network-hosts', { values: ['b.example.org'] }],
      ['forward-ports', undefined],
      ['forward-agent', { values: [] }],
    ]);
    expect((await readWorkspace(folder)).asks.every(({ news }) => news === undefined)).toBe(true);
  });
});

it('the presets are those of the network room', () => {
  expect(NETWORK_PRESET_NAMES).toEqual(NETWORK_PRESETS);
});
