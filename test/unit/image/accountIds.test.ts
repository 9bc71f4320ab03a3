import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { accountIds, accountIn } from '../../../src/image/accountIds';
import type { Engine } from '../../../src/image/engine';

const PASSWD = `root:x:0:0:root:/root:/bin/sh
broken
node:x:1000:1001::/home/node:/bin/sh
huge:x:99999999999:0::/:
negative:x:-1:-1::/:
node:x:0:0:a second one:/:
`;

/** An Engine whose images have this as `/etc/passwd`. */
function engineWith(entry: { type: 'file' | 'symlink'; content?: string } | undefined): Engine {
  const container = {
    getArchive: async () => {
      if (!entry) {
        throw Object.assign(new Error('no such file'), { statusCode: 404 });
      }
      const archive = pack();
      if (entry.type === 'symlink') {
        archive.entry({ name: 'passwd', type: 'symlink', linkname: '/etc/shadow' });
      } else {
        archive.entry({ name: 'passwd' }, entry.content ?? '');
      }
      archive.finalize();
      return Readable.from(archive);
    },
    remove: async () => undefined,
  };
  return { docker: { createContainer: async () => container } } as unknown as Engine;
}

const ids = (user: string, engine = engineWith({ type: 'file', content: PASSWD })) =>
  accountIds(engine, 'sha256:1', user);

describe('accountIn', () => {
  it('finds a name or a number, the first line that has it', () => {
    expect(accountIn(PASSWD, 'node')).toEqual({ uid: 1000, gid: 1001 });
    expect(accountIn(PASSWD, '1000')).toEqual({ uid: 1000, gid: 1001 });
  });

  it('takes no number that is none', () => {
    expect(accountIn(PASSWD, 'huge')).toBeUndefined();
    expect(accountIn(PASSWD, 'negative')).toBeUndefined();
    expect(accountIn(PASSWD, 'broken')).toBeUndefined();
  });
});

describe('accountIds', () => {
  it.each([
    ['', { uid: 0, gid: 0 }],
    ['root', { uid: 0, gid: 0 }],
    ['5:6', { uid: 5, gid: 6 }],
    ['node', { uid: 1000, gid: 1001 }],
    ['node:7', { uid: 1000, gid: 7 }],
    ['1000', { uid: 1000, gid: 1001 }],
    ['4242', { uid: 4242, gid: 0 }],
    ['nobody-knows', undefined],
  ])('%s', async (user, expected) => {
    expect(await ids(user)).toEqual(expected);
  });

  it('follows no link, and does without a file', async () => {
    expect(await ids('node', engineWith({ type: 'symlink' }))).toBeUndefined();
    expect(await ids('node', engineWith(undefined))).toBeUndefined();
    expect(await ids('77', engineWith(undefined))).toEqual({ uid: 77, gid: 0 });
  });

  it('reads no endless one', async () => {
    const content = `${'a:x:1:1::/:\n'.repeat(100_000)}node:x:1000:1001::/:\n`;
    expect(await ids('node', engineWith({ type: 'file', content }))).toBeUndefined();
  });
});
