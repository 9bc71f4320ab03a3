import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { editWorkspaceHosts, folderAsks, grantAsks, revokeGrants } from '../../../src/app/consent';
import { readFolder } from '../../../src/app/folderSettings';
import { GrantStore } from '../../../src/app/grantStore';
import { BulkheadError } from '../../../src/core/errors';
import type { Log } from '../../../src/core/log';

let parent: string;
let folder: string;
let data: string;
let warnings: string[];
let services: { grants: GrantStore; defaults: Record<string, unknown> };

beforeEach(async () => {
  parent = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-consent-')));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  folder = join(parent, 'app');
  data = join(parent, 'data');
  await mkdir(folder);
  warnings = [];
  const log = { warn: (text: string) => void warnings.push(text) } as Log;
  services = { grants: new GrantStore(data, log), defaults: {} };
});

const write = (settings: object, file = '.bulkhead.json') =>
  writeFile(join(folder, file), JSON.stringify(settings));
const asking = { network: { allow: ['a.example.org'] }, forwardPorts: [3000] };

async function allowAll(): Promise<void> {
  const { digest } = await folderAsks(services, folder);
  await grantAsks(services, folder, digest, 'all');
}

async function inEffect(of = folder) {
  const { spec, asks } = await readFolder(services, of);
  return { hosts: spec.network.allow, ports: spec.forwardPorts, answered: asks.answered };
}

async function grantFile(): Promise<string> {
  const [name = ''] = await readdir(join(data, 'grants'));
  return join(data, 'grants', name);
}

const NOTHING = { hosts: [], ports: [], answered: false };

describe('an answer', () => {
  it('counts from then on, until it is revoked', async () => {
    await write(asking);
    expect(await inEffect()).toEqual(NOTHING);
    await allowAll();
    expect(await inEffect()).toEqual({ hosts: ['a.example.org'], ports: [3000], answered: true });
    const after = await revokeGrants(services, folder);
    expect(after.asks.map(({ granted }) => granted)).toEqual([false, false]);
    expect(await inEffect()).toEqual(NOTHING);
    expect(await readdir(join(data, 'grants'))).toEqual([]);
  });

  it('can be given kind by kind, or be a no', async () => {
    await write(asking);
    const { digest } = await folderAsks(services, folder);
    await grantAsks(services, folder, digest, []);
    expect(await inEffect()).toEqual({ hosts: [], ports: [], answered: true });
    await grantAsks(services, folder, digest, ['forward-ports']);
    expect(await inEffect()).toEqual({ hosts: [], ports: [3000], answered: true });
    await grantAsks(services, folder, digest, ['network-hosts']);
    expect(await inEffect()).toEqual({ hosts: ['a.example.org'], ports: [3000], answered: true });
  });

  it('can be taken back kind by kind, and is then not asked for again', async () => {
    await write(asking);
    await allowAll();
    await revokeGrants(services, folder, { kinds: ['network-hosts'] });
    expect(await inEffect()).toEqual({ hosts: [], ports: [3000], answered: true });
  });

  it('is gone, and asked for again, with any change of what is asked', async () => {
    await write(asking);
    await allowAll();
    await write({ ...asking, forwardPorts: [3000, 22] });
    expect(await inEffect()).toEqual(NOTHING);
    const { asks } = await folderAsks(services, folder);
    expect(asks.map(({ kind, news }) => [kind, news])).toEqual([
      ['network-hosts', undefined],
      ['forward-ports', { values: ['22'] }],
    ]);
    await write({ ...asking, cpus: 1 });
    expect((await inEffect()).answered).toBe(true);
  });

  it('to what is no longer asked is refused', async () => {
    await write(asking);
    const { digest } = await folderAsks(services, folder);
    await write({ ...asking, network: { mode: 'full' } });
    const failure = await grantAsks(services, folder, digest, 'all').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BulkheadError);
    expect(failure).toMatchObject({ kind: 'usage' });
    expect(await inEffect()).toEqual(NOTHING);
  });

  it('goes by the real path: another folder of that name, or a copy of the file, has none', async () => {
    await write(asking);
    await allowAll();
    await symlink(folder, join(parent, 'link'));
    expect((await inEffect(join(parent, 'link'))).ports).toEqual([3000]);
    await rename(folder, join(parent, 'elsewhere'));
    expect(await inEffect(join(parent, 'elsewhere'))).toEqual(NOTHING);
  });

  it('lies in a file of its own that only the user can read', async () => {
    await write(asking);
    await allowAll();
    const file = await grantFile();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(file))).mode & 0o077).toBe(0);
    expect(await readdir(folder)).toEqual(['.bulkhead.json']);
  });
});

describe('taking back', () => {
  it('needs no file that can be read', async () => {
    await write(asking);
    await allowAll();
    await writeFile(join(folder, '.bulkhead.json'), '{');
    await expect(revokeGrants(services, folder)).rejects.toThrow();
    await write(asking);
    expect(await inEffect()).toEqual(NOTHING);
    await allowAll();
    await rm(folder, { recursive: true });
    await expect(revokeGrants(services, folder)).rejects.toThrow();
    await mkdir(folder);
    await write(asking);
    expect(await inEffect()).toEqual(NOTHING);
  });

  it('is not undone by what is granted or written at the same moment', async () => {
    await write(asking);
    const { digest } = await folderAsks(services, folder);
    for (let round = 0; round < 5; round++) {
      await allowAll();
      await Promise.all([
        revokeGrants(services, folder, { kinds: ['network-hosts'] }),
        grantAsks(services, folder, digest, ['forward-ports']),
        grantAsks(services, folder, digest, []),
      ]);
      expect(await inEffect()).toEqual({ hosts: [], ports: [3000], answered: true });
    }
  });
});

describe('a file that is not the user’s answer', () => {
  beforeEach(async () => {
    await write(asking);
    await allowAll();
    expect((await inEffect()).ports).toEqual([3000]);
  });

  it.each<[string, (file: string, text: string) => Promise<unknown>]>([
    ['cut off', (file, text) => writeFile(file, text.slice(0, -20))],
    ['empty', (file) => writeFile(file, '')],
    ['of another folder', (file, text) => writeFile(file, text.replace('/app"', '/other"'))],
    ['about something else', (file, text) => writeFile(file, text.replace(/3000/, '22'))],
    ['with more than is known', (file, text) => writeFile(file, text.replace('{', '{"all": true,'))],
    ['writable for others', (file) => chmod(file, 0o666)],
    [
      'a symlink',
      async (file) => {
        await rename(file, `${file}.away`);
        await symlink(`${file}.away`, file);
      },
    ],
    [
      'a folder',
      async (file) => {
        await rm(file);
        await mkdir(file);
      },
    ],
    ['too large', (file, text) => writeFile(file, text + ' '.repeat(1024 ** 2))],
  ])('%s: grants nothing, says so, and can be answered anew', async (_what, damage) => {
    const file = await grantFile();
    await damage(file, await readFile(file, 'utf8'));
    expect(await inEffect()).toEqual(NOTHING);
    expect(warnings.join()).toContain('is left out');
    await rm(file, { recursive: true });
    await allowAll();
    expect((await inEffect()).ports).toEqual([3000]);
  });

  it('that came with the folder itself counts for nothing', async () => {
    const inside = join(folder, 'data');
    await rename(data, inside);
    services.grants = new GrantStore(inside, { warn: (text: string) => void warnings.push(text) } as Log);
    expect(await inEffect()).toEqual(NOTHING);
    expect(warnings.join()).toContain('lies in the folder that it is about');
  });
});

describe('a host that the user allows for the workspace', () => {
  const read = async () => JSON.parse(await readFile(join(folder, '.bulkhead.json'), 'utf8'));

  it('is written into the file and granted by that', async () => {
    await editWorkspaceHosts(services, folder, { add: 'New.example.org' });
    expect(await read()).toEqual({ network: { allow: ['new.example.org'] } });
    expect(await inEffect()).toEqual({ hosts: ['new.example.org'], ports: [], answered: true });
    await editWorkspaceHosts(services, folder, { remove: 'new.example.org' });
    expect(await read()).toEqual({ network: { allow: [] } });
    expect((await inEffect()).hosts).toEqual([]);
  });

  it.each(['my_host.example.org', '*.my_host.example.org:8443'])(
    '%s, as the guest may name it, leaves the file one that can be used',
    async (host) => {
      await write(asking);
      await allowAll();
      await editWorkspaceHosts(services, folder, { add: host });
      expect(await inEffect()).toEqual({ hosts: ['a.example.org', host], ports: [3000], answered: true });
    },
  );

  it.each(['a_.test', '192.0.2.1', 'a b', 'x"]}', '-', ''])(
    '%j is none: nothing is written',
    async (host) => {
      await write(asking);
      await allowAll();
      const before = await readFile(join(folder, '.bulkhead.json'), 'utf8');
      await expect(editWorkspaceHosts(services, folder, { add: host })).rejects.toMatchObject({
        kind: 'usage',
      });
      expect(await readFile(join(folder, '.bulkhead.json'), 'utf8')).toBe(before);
      expect((await inEffect()).ports).toEqual([3000]);
    },
  );

  it('one more than a file can hold is refused before it is written', async () => {
    const allow = Array.from({ length: 1000 }, (_, n) => `h${n}.example.org`);
    await write({ network: { allow } });
    await allowAll();
    await expect(editWorkspaceHosts(services, folder, { add: 'b.example.org' })).rejects.toThrow(
      'could not be used any more',
    );
    expect((await inEffect()).hosts).toHaveLength(1000);
  });

  it('leaves the answer to the rest as it was', async () => {
    await write(asking);
    await allowAll();
    await editWorkspaceHosts(services, folder, { add: 'b.example.org:8443' });
    expect(await inEffect()).toEqual({
      hosts: ['a.example.org', 'b.example.org:8443'],
      ports: [3000],
      answered: true,
    });
    await editWorkspaceHosts(services, folder, { remove: 'a.example.org' });
    expect(await inEffect()).toEqual({ hosts: ['b.example.org:8443'], ports: [3000], answered: true });
  });

  it('grants nothing of what the folder asks for besides, and does not answer it', async () => {
    await write({ ...asking, network: { allow: ['evil.example.org'], mode: 'full' } });
    await editWorkspaceHosts(services, folder, { add: 'b.example.org' });
    expect(await inEffect()).toEqual({ hosts: ['b.example.org'], ports: [], answered: false });
    expect((await readFolder(services, folder)).spec.network.mode).toBe('allowlist');
    // One that the folder asks for already is only granted.
    await editWorkspaceHosts(services, folder, { add: 'evil.example.org' });
    expect((await read()).network.allow).toEqual(['evil.example.org', 'b.example.org']);
    expect((await inEffect()).hosts).toEqual(['evil.example.org', 'b.example.org']);
  });

  it('can’t be taken out of devcontainer.json', async () => {
    await write(
      { customizations: { bulkhead: { network: { allow: ['a.example.org'] } } } },
      '.devcontainer.json',
    );
    const failure = editWorkspaceHosts(services, folder, { remove: 'a.example.org' });
    await expect(failure).rejects.toThrow("not in the folder's .bulkhead.json");
  });
});
