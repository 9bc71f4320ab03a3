import { cp, mkdir, mkdtemp, readdir, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { folderAsks, grantAsks } from '../../../src/app/consent';
import { readFolder } from '../../../src/app/folderSettings';
import { GrantStore } from '../../../src/app/grantStore';
import { silentLog } from '../../../src/core/log';
import { attack } from '../attack';

attack(
  {
    id: 'repo-own-answer',
    from: 'repository',
    tries:
      'Brings answers of its own in the folder, then asks for more, moves to another path and links back, after the user has answered once.',
    holds:
      'Nothing counts before the user’s answer; any change of what is asked, and any other real path, asks again.',
    promise: 'no-self-grant',
  },
  async () => {
    const parent = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-self-')));
    try {
      const folder = join(parent, 'app');
      const data = join(parent, 'data');
      const services = { grants: new GrantStore(data, silentLog), defaults: {} };
      const hosts = async (of: string) => (await readFolder(services, of)).spec.network.allow;
      const ask = (...allow: string[]) =>
        writeFile(join(folder, '.bulkhead.json'), JSON.stringify({ network: { allow } }));
      await mkdir(folder);
      await ask('evil.example.org');
      const { digest } = await folderAsks(services, folder);
      const answer = {
        digest,
        asked: [{ kind: 'network-hosts', values: ['evil.example.org'] }],
        granted: [{ kind: 'network-hosts', values: ['evil.example.org'] }],
        answered: true,
      };
      for (const place of ['grants', '.bulkhead/grants']) {
        await mkdir(join(folder, place), { recursive: true });
        await writeFile(join(folder, place, `${digest}.json`), JSON.stringify(answer));
      }
      expect(await hosts(folder)).toEqual([]);
      await grantAsks(services, folder, digest, 'all');
      expect(await hosts(folder)).toEqual(['evil.example.org']);
      await ask('evil.example.org', 'more.example.org');
      expect(await hosts(folder)).not.toContain('more.example.org');
      await ask('evil.example.org');
      const copy = join(parent, 'copy');
      await cp(folder, copy, { recursive: true });
      expect(await hosts(copy)).toEqual([]);
      // An old path that now leads elsewhere: the answer belongs to the real path.
      await rename(folder, join(parent, 'moved'));
      await symlink(copy, folder);
      expect(await hosts(folder)).toEqual([]);
      return `${(await readdir(join(data, 'grants'))).length} answer kept, for one real path and one ask`;
    } finally {
      await rm(parent, { recursive: true, force: true });
    }
  },
);
