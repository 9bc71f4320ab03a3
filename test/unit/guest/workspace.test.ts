import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFile,
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../../../src/core/progress';
import { parseHashes } from '../../../src/guest/hashGuestFiles';
import { uploadWorkspace } from '../../../src/guest/uploadWorkspace';
import { compareWorkspace } from '../../../src/guest/workspaceDifferences';
import { OpenSshServer } from './openSshServer';

describe('a workspace between host and guest', () => {
  let server: OpenSshServer;
  let guest: ReturnType<OpenSshServer['guest']>;
  let host: string;
  let there: string;
  let count = 0;
  const user = userInfo().username;

  beforeAll(async () => {
    server = await OpenSshServer.start();
    guest = server.guest();
  });
  afterAll(async () => {
    guest.dispose();
    await server.stop();
  });
  beforeEach(async () => {
    host = await mkdtemp(join(tmpdir(), 'bulkhead-host-'));
    there = join(server.home, `w${count++}/deep`);
  });
  afterEach(() => rm(host, { recursive: true, force: true }));

  const upload = (exclude: string[] = [], more: object = {}) =>
    uploadWorkspace(guest, { hostFolder: host, guestFolder: there, user, exclude, ...more });
  const compare = (exclude: string[] = [], limit = 100) =>
    compareWorkspace(guest, { hostFolder: host, guestFolder: there, exclude, limit });

  it('sends modes, times, links, odd names and big files, and leaves out what is excluded', async () => {
    const big = randomBytes(12_345_678);
    await mkdir(join(host, '.git/objects'), { recursive: true });
    await writeFile(join(host, '.git/HEAD'), 'ref');
    await mkdir(join(host, 'a/node_modules/x'), { recursive: true });
    await writeFile(join(host, 'a/node_modules/x/y'), 'no');
    await writeFile(join(host, 'big'), big);
    await writeFile(join(host, 'run.sh'), '#!/bin/sh\n');
    await chmod(join(host, 'run.sh'), 0o755);
    await utimes(join(host, 'run.sh'), 1_000_000_000, 1_000_000_000);
    await symlink('/etc/passwd', join(host, 'outside'));
    await symlink('no such', join(host, 'dangling'));
    const long = `${'long-'.repeat(40)}名前\n"x"`;
    await mkdir(join(host, 'readonly'));
    await writeFile(join(host, 'readonly', long), 'odd');
    await chmod(join(host, 'readonly'), 0o555);
    await writeFile(join(host, '-rf'), '');
    execFileSync('mkfifo', [join(host, 'fifo')]);
    const events: ProgressEvent[] = [];
    const result = await upload(['node_modules'], {
      onProgress: (event: ProgressEvent) => events.push(event),
    });
    expect(result.files).toBe(5);
    expect(result.warnings).toEqual(['fifo is not a file, folder or link: left out.']);
    expect((await readFile(join(there, 'big'))).equals(big)).toBe(true);
    expect(await readFile(join(there, '.git/HEAD'), 'utf8')).toBe('ref');
    expect((await stat(join(there, 'run.sh'))).mode & 0o777).toBe(0o755);
    expect((await stat(join(there, 'run.sh'))).mtimeMs).toBe(1_000_000_000_000);
    expect(await readlink(join(there, 'outside'))).toBe('/etc/passwd');
    expect(await readlink(join(there, 'dangling'))).toBe('no such');
    expect(await readFile(join(there, 'readonly', long), 'utf8')).toBe('odd');
    expect((await stat(join(there, 'readonly'))).mode & 0o777).toBe(0o555);
    expect((await stat(join(there, '-rf'))).size).toBe(0);
    await expect(lstat(join(there, 'a/node_modules'))).rejects.toThrow();
    expect(events.at(-1)).toMatchObject({
      phase: 'upload',
      done: result.bytes,
      total: result.bytes,
      unit: 'bytes',
    });
    expect(await compare(['node_modules', 'fifo'])).toEqual([]);
  });

  it('survives files that shrink, grow or go while they are sent', async () => {
    for (const name of ['a', 'b', 'c', 'd']) {
      await writeFile(join(host, name), Buffer.alloc(30_000_000, name));
    }
    let done = false;
    const result = await upload([], {
      onProgress: () => {
        if (!done) {
          done = true;
          execFileSync('truncate', ['-s', '1000', join(host, 'a')]);
          execFileSync('rm', [join(host, 'b')]);
        }
      },
    });
    expect(result.warnings).toHaveLength(2);
    expect((await stat(join(there, 'a'))).size).toBe(30_000_000);
    await expect(stat(join(there, 'b'))).rejects.toThrow();
    expect((await readFile(join(there, 'd'))).equals(Buffer.alloc(30_000_000, 'd'))).toBe(true);
  });

  it('stops when it is cancelled, and says why when the guest can’t take it', async () => {
    await writeFile(join(host, 'f'), Buffer.alloc(50_000_000));
    const controller = new AbortController();
    await expect(
      upload([], { signal: controller.signal, onProgress: () => controller.abort() }),
    ).rejects.toMatchObject({ kind: 'cancelled' });
    await mkdir(join(there, 'f/in the way'), { recursive: true });
    await expect(upload()).rejects.toMatchObject({ details: expect.stringContaining('f') });
    await expect(
      uploadWorkspace(guest, { hostFolder: join(host, 'no'), guestFolder: there, user, exclude: [] }),
    ).rejects.toMatchObject({ kind: 'usage' });
  });

  it('finds every kind of difference, and nothing else', async () => {
    await mkdir(join(host, 'd'));
    for (const name of ['same', 'content', 'size', 'gone', 'type', 'd/new\nline', '-dash', '\\back']) {
      await writeFile(join(host, name), name);
    }
    await symlink('one', join(host, 'link'));
    await upload();
    expect(await compare()).toEqual([]);
    await writeFile(join(there, 'content'), 'CONTENT');
    await appendFile(join(there, 'size'), 'x');
    await rm(join(there, 'gone'));
    await rm(join(there, 'type'));
    await mkdir(join(there, 'type'));
    await rm(join(there, 'link'));
    await symlink('two', join(there, 'link'));
    await writeFile(join(there, 'd/added'), '');
    await writeFile(join(there, 'd/new\nline'), 'D/new\nline');
    await writeFile(join(there, 'd/skip.log'), '');
    const found = await compare(['*.log']);
    expect(found.map(({ path, kind }) => `${kind} ${path}`).sort()).toEqual([
      'added d/added',
      'deleted gone',
      'modified content',
      'modified d/new\nline',
      'modified link',
      'modified size',
      'modified type',
    ]);
    expect(await compare(['*.log'], 2)).toHaveLength(2);
    await truncate(join(host, 'same'), 0);
    expect(await compare(['*.log'])).toContainEqual({ path: 'same', kind: 'modified' });
  });

  it('reads hashes only where the expected path follows', () => {
    const hash = 'a'.repeat(64);
    const out = Buffer.from(`${hash}  /w/x\n${hash}  /w/evil\n${hash}  /w/z\n`);
    expect([...parseHashes(out, ['x', 'y', 'z'], ['/w/x', '/w/y', '/w/z']).keys()]).toEqual(['x']);
    expect(parseHashes(Buffer.from('garbage'), ['x'], ['/w/x']).size).toBe(0);
    const gap = Buffer.from(`${hash}  /w/x\n${hash}  /w/z\n`);
    expect([...parseHashes(gap, ['x', 'y', 'z'], ['/w/x', '/w/y', '/w/z']).keys()]).toEqual(['x', 'z']);
  });
});
