import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { folderAsks, grantAsks, revokeGrants } from '../../../src/app/consent';
import { Credentials } from '../../../src/app/credentials';
import { DataFolder } from '../../../src/app/dataFolder';
import { GrantedCredentials } from '../../../src/app/grantedCredentials';
import { GrantStore } from '../../../src/app/grantStore';
import { chooseOnClose, readChoices } from '../../../src/app/machineChoices';
import { silentLog } from '../../../src/core/log';

const ID = 'shop-1';
let root: string;
let services: { data: DataFolder; log: typeof silentLog; defaults: object; grants: GrantStore };
const made: Credentials[] = [];
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-lent-')));
  services = {
    data: new DataFolder(root),
    log: silentLog,
    defaults: {},
    grants: new GrantStore(root, silentLog),
  };
});
afterEach(async () => {
  for (const each of made.splice(0)) {
    each.dispose();
  }
  await rm(root, { recursive: true, force: true });
});

function credentials(env: NodeJS.ProcessEnv = {}): Credentials {
  const one = new Credentials({ ...services, defaults: {} }, undefined, env);
  made.push(one);
  return one;
}

test('a choice is kept by name, beside other choices, and known to every window', async () => {
  const [one, other] = [credentials({ A_TOKEN: 'canary' }), credentials()];
  await chooseOnClose(services.data.choices(ID), 'keep', silentLog);
  const told = new Promise((resolve) => other.onDidChange(resolve));
  const now = await one.set(ID, { git: ['A.test'], env: ['A_TOKEN', 'B_TOKEN'] });
  expect(now).toMatchObject({ agent: false, git: ['a.test'], origin: 'machine', missing: ['B_TOKEN'] });
  const file = await readFile(services.data.choices(ID), 'utf8');
  expect(JSON.parse(file)).toEqual({
    onClose: 'keep',
    credentials: { agent: false, git: ['a.test'], env: ['A_TOKEN', 'B_TOKEN'] },
  });
  expect(file).not.toContain('canary');
  await told;
  expect(await other.of(ID)).toMatchObject({ git: ['a.test'] });
  await other.set(ID, { git: [], env: [] });
  expect(await one.of(ID)).toMatchObject({ git: [], env: [], origin: 'machine' });
});

test('what is for this process alone is in no file, and ends with the next choice', async () => {
  const [one, other] = [credentials(), credentials()];
  expect(await one.set(ID, { agent: true, onlyHere: true })).toMatchObject({ agent: true });
  expect(await other.of(ID)).toMatchObject({ agent: false });
  expect(await readChoices(services.data.choices(ID), silentLog)).toEqual({});
  await one.set(ID, { agent: false });
  expect(await one.of(ID)).toMatchObject({ agent: false });
});

test('what can’t be lent changes nothing', async () => {
  const one = credentials();
  await expect(one.set(ID, { agent: true, env: ['PATH'] })).rejects.toThrow('can’t be lent');
  await expect(one.set(ID, { git: ['*.test'] })).rejects.toThrow('Not a host');
  expect(await one.of(ID)).toMatchObject({ agent: false, git: [], env: [] });
});

test('a doctored choice lends nothing that no consent lends', async () => {
  await mkdir(services.data.choicesFolder, { recursive: true });
  await writeFile(
    services.data.choices(ID),
    JSON.stringify({ credentials: { agent: false, git: ['*', 'a.test'], env: ['LD_PRELOAD'] } }),
  );
  expect(await credentials().of(ID)).toMatchObject({ git: ['a.test'], env: [] });
});

test('a folder’s wishes count while it asks for exactly them and they are agreed to', async () => {
  const folder = join(root, 'folder');
  await mkdir(folder);
  const ask = (env: string[]) =>
    writeFile(
      join(folder, '.bulkhead.json'),
      JSON.stringify({ ssh: { forwardAgent: true }, credentials: { git: ['a.test'], env } }),
    );
  await ask(['A_TOKEN']);
  const record = { folder, agent: true, git: ['a.test'], env: ['A_TOKEN'] };
  const now = () => new GrantedCredentials(services as never, silentLog).of(record);
  const nothing = { agent: false, git: [], env: [] };
  expect(await now()).toEqual(nothing);
  const { digest } = await folderAsks(services as never, folder);
  await grantAsks(services as never, folder, digest, ['git-credentials', 'environment']);
  expect(await now()).toEqual({ agent: false, git: ['a.test'], env: ['A_TOKEN'] });
  await revokeGrants(services as never, folder, { kinds: ['git-credentials'] });
  expect(await now()).toEqual({ agent: false, git: [], env: ['A_TOKEN'] });
  await ask(['A_TOKEN', 'B_TOKEN']);
  expect(await now()).toEqual(nothing);
  await writeFile(join(folder, '.bulkhead.json'), '{ broken');
  expect(await now()).toEqual(nothing);
});
