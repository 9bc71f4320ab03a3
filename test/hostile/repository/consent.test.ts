import { cp, mkdir, mkdtemp, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { folderAsks, grantAsks } from '../../../src/app/consent';
import { readFolder } from '../../../src/app/folderSettings';
import { GrantStore } from '../../../src/app/grantStore';
import { silentLog } from '../../../src/core/log';
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
