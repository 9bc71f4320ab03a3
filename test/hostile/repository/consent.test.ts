import { cp, mkdir, mkdtemp, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { chosenMode } from '../../../src/app/chosenMode';
import { editWorkspaceHosts, folderAsks, grantAsks, revokeGrants } from '../../../src/app/consent';
import { readFolder } from '../../../src/app/folderSettings';
import { GrantStore } from '../../../src/app/grantStore';
import { deniedHosts } from '../../../src/attach/newDenials';
import { silentLog } from '../../../src/core/log';
import { parseExcludes } from '../../../src/guest/exclude';
import { mergeImageMetadata, parseImageMetadata } from '../../../src/settings/imageMetadata';
import { attack } from '../attack';

const EVERYTHING = {
  network: { mode: 'full', allow: ['evil.test'], presets: ['npm'] },
  forwardPorts: [22],
  workspace: { mode: 'mount', readOnly: false },
  ssh: { forwardAgent: true },
  credentials: { git: ['git.test'], env: ['SECRET_TOKEN'] },
};

let parent: string;
let folder: string;
let services: { grants: GrantStore; defaults: Record<string, unknown> };
beforeEach(async () => {
  parent = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-hostile-')));
  folder = join(parent, 'project');
  await mkdir(folder);
  services = { grants: new GrantStore(join(parent, 'data'), silentLog), defaults: {} };
});
afterEach(() => rm(parent, { recursive: true, force: true }));

/** What of all that can be asked for is in effect. */
async function inEffect(of = folder): Promise<string[]> {
  const { spec } = await readFolder(services, of);
  const { network, workspace, forwardPorts, ssh, credentials } = spec;
  return [
    ...(network.mode === 'full' ? ['full'] : []),
    ...network.allow,
    ...network.presets,
    ...forwardPorts.map(String),
    ...(workspace.mode === 'mount' ? [workspace.readOnly ? 'mount' : 'write'] : []),
    ...(ssh.forwardAgent ? ['agent'] : []),
    ...credentials.git,
    ...credentials.env,
  ];
}

attack(
  {
    id: 'consent-by-asking',
    from: 'repository',
    tries:
      'Asks for everything at once: in .bulkhead.json, in customizations of devcontainer.json, and by the label of its image.',
    holds: 'Nothing of it counts without the user’s answer; the image’s ports are left out even with one.',
    promise: 'no-self-grant',
  },
  async () => {
    await writeFile(join(folder, '.bulkhead.json'), JSON.stringify(EVERYTHING));
    expect(await inEffect()).toEqual([]);
    await rm(join(folder, '.bulkhead.json'));
    const customizations = { bulkhead: EVERYTHING };
    await writeFile(
      join(folder, '.devcontainer.json'),
      JSON.stringify({ customizations, forwardPorts: [80] }),
    );
    expect(await inEffect()).toEqual([]);
    const { spec } = await readFolder(services, folder, { allow: 'all' });
    const merged = mergeImageMetadata(
      spec,
      parseImageMetadata('[{"forwardPorts": [25], "mounts": ["/:/host"]}]'),
    );
    expect(merged.forwardPorts).toEqual([22]);
    return `${(await folderAsks(services, folder)).asks.length} things asked for, none in effect`;
  },
);

attack(
  {
    id: 'consent-changed-after',
    from: 'repository',
    tries:
      'Asks for one harmless host, and for more once the user agreed: in the file, between the dialog and the click, or by moving into another folder’s place.',
    holds:
      'The answer is bound to the folder and the exact asks: with any change none of it counts, and it is asked again.',
    promise: 'no-self-grant',
  },
  async () => {
    const file = join(folder, '.bulkhead.json');
    await writeFile(file, '{"network": {"allow": ["fine.test"]}}');
    const shown = await folderAsks(services, folder);
    await writeFile(file, JSON.stringify(EVERYTHING));
    const late = await grantAsks(services, folder, shown.digest, 'all').catch((error: unknown) => error);
    expect(late).toMatchObject({ kind: 'usage' });
    expect(await inEffect()).toEqual([]);
    await writeFile(file, '{"network": {"allow": ["fine.test"]}}');
    await grantAsks(services, folder, shown.digest, 'all');
    expect(await inEffect()).toEqual(['fine.test']);
    for (const settings of [
      EVERYTHING,
      { network: { allow: ['fine.test', 'evil.test'] } },
      { network: { allow: ['fine.test:22'] } },
      { network: { allow: ['*.fine.test'] } },
    ]) {
      await writeFile(file, JSON.stringify(settings));
      expect(await inEffect()).toEqual([]);
      expect((await folderAsks(services, folder)).answered).toBe(false);
    }
    await writeFile(file, '{"network": {"allow": ["fine.test"]}}');
    await rename(folder, join(parent, 'other'));
    expect(await inEffect(join(parent, 'other'))).toEqual([]);
    return String(late instanceof Error ? late.message : late);
  },
);

attack(
  {
    id: 'consent-forged',
    from: 'repository',
    tries:
      'Ships the file of an answer: of another folder’s, with another list, and a whole data folder within the repository.',
    holds:
      'An answer must be about this folder’s real path and match its own digest, and never lies in the folder.',
    promise: 'no-self-grant',
  },
  async () => {
    const twin = join(parent, 'twin');
    await mkdir(twin);
    for (const each of [folder, twin]) {
      await writeFile(join(each, '.bulkhead.json'), JSON.stringify(EVERYTHING));
    }
    const { digest } = await folderAsks(services, twin);
    await grantAsks(services, twin, digest, 'all');
    expect(await inEffect(twin)).toHaveLength(8);
    // The twin's answer under the name of the folder's own.
    const grants = join(parent, 'data/grants');
    const [of = ''] = await readdir(grants);
    const own = await folderAsks(services, folder);
    await grantAsks(services, folder, own.digest, []);
    const mine = (await readdir(grants)).find((name) => name !== of) ?? '';
    await cp(join(grants, of), join(grants, mine));
    expect(await inEffect()).toEqual([]);
    // A data folder in the repository, with an answer that is right in every other way.
    await grantAsks(services, folder, own.digest, 'all');
    expect(await inEffect()).toHaveLength(8);
    await cp(join(parent, 'data'), join(folder, 'data'), { recursive: true });
    services.grants = new GrantStore(join(folder, 'data'), silentLog);
    expect(await inEffect()).toEqual([]);
    return 'no forged answer counts';
  },
);

attack(
  {
    id: 'consent-lowers-own-wall',
    from: 'repository',
    tries:
      'Where the user’s own settings say no network, real virtualization and .env left out, asks for the allowlist, emulation and an empty or inverted list, in each of its files.',
    holds:
      'The stricter of both counts: the allowlist is asked for, and does not bring the user’s own hosts with it; emulation is left out with a warning; the user’s list stays, below it too.',
    promise: 'no-self-grant',
  },
  async () => {
    services.defaults = {
      'network.mode': 'none',
      'network.allow': ['intern.test'],
      accelerator: 'kvm',
      'workspace.exclude': ['.env', 'secret'],
    };
    const settings = {
      network: { mode: 'allowlist', allow: ['evil.test'] },
      accelerator: 'tcg',
      workspace: { exclude: ['!.env', '!secret/key', '!**/*'] },
    };
    const files: [string, object][] = [
      ['.bulkhead.json', settings],
      ['.devcontainer.json', { customizations: { bulkhead: settings } }],
    ];
    for (const [file, content] of files) {
      await writeFile(join(folder, file), JSON.stringify(content));
      const { spec } = await readFolder(services, folder);
      expect([spec.network.mode, spec.accelerator]).toEqual(['none', 'kvm']);
      const { excludes } = parseExcludes(spec.workspace.exclude);
      expect(['.env', 'a/.env', 'secret/key', 'a/secret/b/c'].filter((path) => !excludes(path))).toEqual([]);
      expect(spec.asks.map(({ kind }) => kind)).toEqual(['network-hosts', 'network-allowlist']);
      const granted = (await readFolder(services, folder, { allow: 'all' })).spec;
      expect(granted.network.allow).toEqual(['evil.test']);
      await rm(join(folder, file));
    }
    return 'none and kvm stay, .env stays out';
  },
);

attack(
  {
    id: 'consent-outlived',
    from: 'repository',
    tries:
      'Breaks its settings file, or asks for something else, once the whole network was granted, so that it can’t be taken back.',
    holds:
      'What was granted ends with the grant, which is taken back without a look at the file; the machine falls back to what the user wanted without it, not to what this terminal knows.',
    promise: 'no-self-grant',
  },
  async () => {
    const file = join(folder, '.bulkhead.json');
    await writeFile(file, '{"network": {"mode": "full"}}');
    const { digest } = await folderAsks(services, folder);
    await grantAsks(services, folder, digest, 'all');
    const network = async () => (await readFolder(services, folder)).spec.network;
    const usual = { chosenBy: 'settings', withoutGrant: 'none' } as const;
    expect(chosenMode(await network(), 'full', usual).mode).toBe('full');
    await writeFile(file, '{"network": {"mode": "full"}, "forwardPorts": [22]}');
    expect(chosenMode(await network(), 'full', usual).mode).toBe('none');
    await writeFile(file, '{');
    await revokeGrants(services, folder).catch((error: unknown) =>
      expect(error).toMatchObject({ kind: 'usage' }),
    );
    await writeFile(file, '{"network": {"mode": "full"}}');
    expect(chosenMode(await network(), 'full', usual).mode).toBe('none');
    return `full, and ${chosenMode(await network(), 'full', usual).mode} once taken back`;
  },
);

attack(
  {
    id: 'consent-breaks-file',
    from: 'guest',
    tries:
      'Asks for hosts whose names the settings refuse, or nearly, so that “Always Allow for This Workspace” writes a file that grants nothing any more.',
    holds:
      'One grammar says what a host is, for the denial that is offered, the rule and the file; a write after which the file could not be used is refused.',
    promise: 'no-self-grant',
  },
  async () => {
    await writeFile(join(folder, '.bulkhead.json'), '{"network": {"allow": ["fine.test"]}}');
    const { digest } = await folderAsks(services, folder);
    await grantAsks(services, folder, digest, 'all');
    const names = [
      'my_host.test',
      '_x.test',
      'a_.test',
      '-a.test',
      'a..test',
      '1.2.3.4',
      '0x7f.1',
      'localhost',
      'x"]}',
      'a.test\n',
    ];
    let written = 0;
    for (const host of names) {
      const row = {
        port: 443,
        allowed: false,
        count: 1,
        deniedCount: 1,
        receivedBytes: 0,
        firstAt: 1,
        lastAt: 1,
      };
      const offered = deniedHosts([{ ...row, host, reason: 'host' }], 0).length > 0;
      const done = await editWorkspaceHosts(services, folder, { add: host }).then(
        () => true,
        () => false,
      );
      // What is offered can be done; whatever was tried, what was granted before still counts.
      expect(!offered || done).toBe(true);
      expect(await inEffect()).toContain('fine.test');
      written += Number(offered);
    }
    return `${written} of ${names.length} names were offered and written, all grants still count`;
  },
);
