import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parseExcludes } from '../../../src/guest/exclude';
import { asksDigest, type Grant } from '../../../src/settings/asks';
import { type ReadWorkspaceOptions, readWorkspace } from '../../../src/settings/readWorkspace';
import { workspace } from './workspaceFixture';

/** The user's own wall, in his settings. */
const OWN = {
  'network.mode': 'none',
  'network.allow': ['intern.example.com'],
  accelerator: 'kvm',
  'workspace.exclude': ['.env'],
};

const read = async (settings: object, options: ReadWorkspaceOptions = {}) =>
  readWorkspace(await workspace({ '.bulkhead.json': settings }), { defaults: OWN, ...options });

describe('the user’s own `none`', () => {
  it.each([
    { network: { mode: 'allowlist' } },
    { network: { allow: ['a.example.org'] } },
    { network: { presets: ['npm'] } },
  ])('is not lifted by %j without a grant', async (settings) => {
    const spec = await read(settings);
    expect(spec.network).toMatchObject({ mode: 'none', modeBy: 'settings' });
    expect(spec.asks.map(({ kind }) => kind)).toContain('network-allowlist');
    expect(spec.withheld.join()).toContain('--allow-network');
  });

  it('once lifted for the folder, lets through what the folder was granted, not the user’s own hosts', async () => {
    const settings = { network: { allow: ['a.example.org'] } };
    const lifted = await read(settings, { grants: { now: 'all' } });
    expect(lifted.network).toMatchObject({
      mode: 'allowlist',
      modeBy: 'folder',
      modeWithoutGrant: 'none',
      allow: ['a.example.org'],
    });
    const full = await read({ network: { mode: 'full' } }, { grants: { now: 'all' } });
    expect(full.network).toMatchObject({ mode: 'full', allow: [], modeWithoutGrant: 'none' });
    // The user himself names a mode: then what he allows elsewhere counts.
    const own = await read(settings, { overrides: { network: { mode: 'allowlist' } } });
    expect(own.network).toMatchObject({
      mode: 'allowlist',
      modeBy: 'command line',
      allow: ['intern.example.com'],
    });
    expect(own.withheld.join()).not.toContain('--allow-network');
  });

  it('is no part of the digest, as not every face of the program knows it', async () => {
    const folder = await workspace({ '.bulkhead.json': { network: { mode: 'allowlist' } } });
    const [knowing, unknowing] = [
      await readWorkspace(folder, { defaults: OWN }),
      await readWorkspace(folder),
    ];
    expect(unknowing.asks).toEqual([]);
    const digest = asksDigest(folder, knowing.asks);
    expect(digest).toBe(asksDigest(folder, unknowing.asks));
    const answer: Grant = {
      digest,
      asked: [{ kind: 'network-allowlist', values: [] }],
      granted: [{ kind: 'network-allowlist', values: [] }],
      answered: true,
    };
    expect((await readWorkspace(folder, { defaults: OWN, grants: { answer } })).network.mode).toBe(
      'allowlist',
    );
    // A terminal sees that the folder was granted it, and so does not take it for lapsed.
    expect((await readWorkspace(folder, { grants: { answer } })).network.modeBy).toBe('folder');
  });

  it('a folder may make it stricter, never weaker', async () => {
    const strict = { network: { mode: 'none' } };
    expect((await read(strict, { defaults: { 'network.mode': 'full' } })).network.mode).toBe('none');
    const middle = await read({ network: { mode: 'allowlist' } }, { defaults: { 'network.mode': 'full' } });
    expect(middle.network.mode).toBe('allowlist');
    expect(middle.asks).toEqual([]);
  });
});

describe('the user’s own accelerator', () => {
  it.each(['tcg', 'auto'])('kvm is not replaced by a repo’s %s, and that is said', async (accelerator) => {
    const spec = await read({ accelerator });
    expect(spec.accelerator).toBe('kvm');
    expect(spec.warnings.join()).toContain(`accelerator: "${accelerator}" of .bulkhead.json is left out`);
    const own = await read({ accelerator }, { overrides: { accelerator: 'tcg' } });
    expect(own.accelerator).toBe('tcg');
    expect(own.warnings.join()).not.toContain('left out');
  });

  it('gives way to a stronger one, and where the user has no wish', async () => {
    expect((await read({ accelerator: 'kvm' }, { defaults: { accelerator: 'tcg' } })).accelerator).toBe(
      'kvm',
    );
    expect((await read({ accelerator: 'tcg' }, { defaults: {} })).accelerator).toBe('tcg');
    expect((await read({ accelerator: 'tcg' }, { defaults: { accelerator: 'auto' } })).accelerator).toBe(
      'tcg',
    );
  });
});

describe('what the user leaves out of every copy', () => {
  const copies = async (exclude: string[], usual: string[], path: string) => {
    const spec = await read({ workspace: { exclude } }, { defaults: { 'workspace.exclude': usual } });
    return !parseExcludes(spec.workspace.exclude).excludes(path);
  };

  it.each<[string[], string[], string, boolean]>([
    [[], ['.env'], '.env', false],
    [['dist'], ['.env'], 'a/.env', false],
    [['dist'], ['.env'], 'dist/a', false],
    [['!.env'], ['.env'], '.env', false],
    [['.env', '!.env'], ['.env'], '.env', false],
    [['!secret/key'], ['secret'], 'secret/key', false],
    [['!a/secret/b/key'], ['secret/'], 'a/secret/b/key', false],
    [['!private/x/y'], ['/private'], 'private/x/y', false],
    [['!**/*'], ['.env', 'secret'], 'a/secret/x', false],
    [['!node_modules/mine'], ['node_modules', '!node_modules/mine'], 'node_modules/mine/a', true],
    [['!node_modules/mine'], ['node_modules', '!node_modules/mine'], 'node_modules/other', false],
    [['!secret'], ['.env'], 'secret', true],
  ])('%j and %j: %s is copied: %s', async (exclude, usual, path, expected) => {
    expect(await copies(exclude, usual, path)).toBe(expected);
  });

  it('is replaced only on the command line', async () => {
    const spec = await read(
      { workspace: { exclude: ['a'] } },
      { overrides: { workspace: { exclude: ['b'] } } },
    );
    expect(spec.workspace.exclude).toEqual(['b']);
    const folder = await workspace();
    await writeFile(`${folder}/.bulkhead.json`, '{"workspace": {"exclude": []}}');
    expect((await readWorkspace(folder, { defaults: OWN })).workspace.exclude).toEqual(['.env']);
  });
});
