import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FileChange, GuestFiles } from '../../../src/guest/guestFiles';
import { OpenSshServer } from './openSshServer';

describe('guest files against OpenSSH', () => {
  let server: OpenSshServer;
  let guest: ReturnType<OpenSshServer['guest']>;
  let files: GuestFiles;
  let home: string;
  let count = 0;

  beforeAll(async () => {
    server = await OpenSshServer.start();
    guest = server.guest();
    files = await guest.files();
  });
  afterAll(async () => {
    guest.dispose();
    await server.stop();
  });
  beforeEach(async () => {
    home = join(server.home, `t${count++}`);
    await mkdir(home);
  });

  it('lists a folder with types, sizes and modes', async () => {
    await writeFile(join(home, 'a file'), 'hello');
    await chmod(join(home, 'a file'), 0o750);
    await mkdir(join(home, 'dir'));
    await symlink('nowhere', join(home, 'link'));
    const entries = await files.readDirectory(home);
    const byName = new Map(entries.map((entry) => [entry.name, entry]));
    expect([...byName.keys()].sort()).toEqual(['a file', 'dir', 'link']);
    expect(byName.get('a file')).toMatchObject({ type: 'file', size: 5, mode: 0o750 });
    expect(byName.get('dir')?.type).toBe('directory');
    expect(byName.get('link')?.type).toBe('symlink');
    await expect(files.readDirectory(home, { limit: 2 })).rejects.toMatchObject({ code: 'EFBIG' });
    expect(await files.readlink(join(home, 'link'))).toBe('nowhere');
  });

  it('reads files of every size around the pipeline’s chunks, and those without a size', async () => {
    for (const size of [0, 1, 255 * 1024 - 1, 255 * 1024, 255 * 1024 + 1, 20_000_000]) {
      const content = randomBytes(size);
      await writeFile(join(home, 'f'), content);
      expect((await files.readFile(join(home, 'f'))).equals(content)).toBe(true);
    }
    const version = await files.readFile('/proc/version');
    expect(version.toString()).toContain('Linux');
  });

  it('refuses what is too large and what is no file', async () => {
    await writeFile(join(home, 'f'), 'x'.repeat(100));
    await expect(files.readFile(join(home, 'f'), { maxBytes: 99 })).rejects.toMatchObject({ code: 'EFBIG' });
    execFileSync('mkfifo', [join(home, 'fifo')]);
    await expect(files.readFile(join(home, 'fifo'))).rejects.toMatchObject({ code: 'EIO' });
    await expect(files.readFile(home)).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(files.readFile(join(home, 'no'))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(files.readDirectory(join(home, 'f'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(files.stat('relative')).rejects.toMatchObject({ kind: 'usage' });
    await expect(files.stat('/nul\0')).rejects.toMatchObject({ kind: 'usage' });
  });

  it('writes atomically, keeping the mode, through a symlink', async () => {
    const target = join(home, 'target');
    await writeFile(target, 'old');
    await chmod(target, 0o754);
    await symlink('target', join(home, 'link'));
    const before = (await stat(target)).ino;
    const content = randomBytes(5_000_000);
    await files.writeFileAtomic(join(home, 'link'), content);
    expect((await readFile(target)).equals(content)).toBe(true);
    expect((await stat(target)).mode & 0o777).toBe(0o754);
    expect((await stat(target)).ino).not.toBe(before);
    expect(await readlink(join(home, 'link'))).toBe('target');
    await files.writeFileAtomic(join(home, 'new'), Buffer.from('n'), { mode: 0o600 });
    expect((await stat(join(home, 'new'))).mode & 0o777).toBe(0o600);
    expect((await files.readDirectory(home)).map((entry) => entry.name).sort()).toEqual([
      'link',
      'new',
      'target',
    ]);
    await symlink('loop', join(home, 'loop'));
    await expect(files.writeFileAtomic(join(home, 'loop'), Buffer.from('x'))).rejects.toMatchObject({
      code: 'EIO',
    });
    await expect(files.writeFileAtomic(home, Buffer.from('x'))).rejects.toMatchObject({ code: 'EISDIR' });
  });

  it('streams both ways', async () => {
    const content = randomBytes(9_000_000);
    await pipeline(Readable.from([content]), files.createWriteStream(join(home, 's')));
    const hash = createHash('sha256');
    await pipeline(files.createReadStream(join(home, 's')), hash);
    expect(hash.digest('hex')).toBe(createHash('sha256').update(content).digest('hex'));
    await expect(
      pipeline(files.createReadStream(join(home, 'no')), createHash('sha256')),
    ).rejects.toMatchObject({
      code: 'ENOENT',
    });
    await expect(
      pipeline(Readable.from(['x']), files.createWriteStream(join(home, 'no/file'))),
    ).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('renames without replacing unless it is told to', async () => {
    await writeFile(join(home, 'a'), 'a');
    await writeFile(join(home, 'b'), 'b');
    await expect(files.rename(join(home, 'a'), join(home, 'b'))).rejects.toMatchObject({ code: 'EEXIST' });
    await files.rename(join(home, 'a'), join(home, 'b'), { overwrite: true });
    expect(await readFile(join(home, 'b'), 'utf8')).toBe('a');
    await mkdir(join(home, 'd1'));
    await files.rename(join(home, 'd1'), join(home, 'd2'));
    expect((await stat(join(home, 'd2'))).isDirectory()).toBe(true);
    await expect(files.rename(join(home, 'no'), join(home, 'c'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('makes and removes folders, never through a symlink', async () => {
    await writeFile(join(home, 'kept'), 'x');
    await files.createDirectory(join(home, 'd'));
    await expect(files.createDirectory(join(home, 'd'))).rejects.toMatchObject({ code: 'EEXIST' });
    await symlink('..', join(home, 'd/up'));
    await expect(files.remove(join(home, 'd'))).rejects.toMatchObject({ code: 'ENOTEMPTY' });
    await files.remove(join(home, 'd'), { recursive: true });
    await expect(stat(join(home, 'd'))).rejects.toThrow();
    await symlink(home, join(server.home, 'outside'));
    await files.remove(join(server.home, 'outside'), { recursive: true });
    expect(await readFile(join(home, 'kept'), 'utf8')).toBe('x');
    await expect(files.remove(join(home, 'no'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('copies files and trees on the guest’s side', async () => {
    await mkdir(join(home, 'd/sub'), { recursive: true });
    await writeFile(join(home, 'd/sub/f'), 'f');
    await symlink('sub/f', join(home, 'd/link'));
    await files.copy(join(home, 'd'), join(home, 'e'));
    expect(await readFile(join(home, 'e/sub/f'), 'utf8')).toBe('f');
    expect((await lstat(join(home, 'e/link'))).isSymbolicLink()).toBe(true);
    await expect(files.copy(join(home, 'd'), join(home, 'e'))).rejects.toMatchObject({ code: 'EEXIST' });
    await writeFile(join(home, 'd/sub/f'), 'g');
    await files.copy(join(home, 'd'), join(home, 'e'), { overwrite: true });
    expect(await readFile(join(home, 'e/sub/f'), 'utf8')).toBe('g');
    expect((await files.readDirectory(home)).length).toBe(2);
  });

  it('reports changes in batches, also in folders that are new, and leaves out excludes', async () => {
    await mkdir(join(home, 'node_modules'));
    const seen = new Map<string, FileChange['kind']>();
    const errors: Error[] = [];
    const watch = files.watch(
      home,
      { recursive: true, excludes: ['**/node_modules/**'] },
      {
        onChanges: (changes) => {
          for (const change of changes) {
            seen.set(change.path.slice(home.length), change.kind);
          }
        },
        onOverflow: () => undefined,
        onError: (error) => errors.push(error),
      },
    );
    // The watcher says nothing when it is ready: write until it sees.
    await expect
      .poll(
        async () => {
          await writeFile(join(home, 'ready'), 'x');
          return seen.has('/ready');
        },
        { timeout: 10_000, interval: 100 },
      )
      .toBe(true);
    await mkdir(join(home, 'new'));
    await writeFile(join(home, 'new/odd\nname'), 'x');
    await writeFile(join(home, 'node_modules/x'), 'x');
    await expect.poll(() => seen.has('/new/odd\nname'), { timeout: 10_000 }).toBe(true);
    await files.remove(join(home, 'new/odd\nname'));
    await expect.poll(() => seen.get('/new/odd\nname'), { timeout: 10_000 }).toBe('deleted');
    expect([...seen.keys()].some((path) => path.includes('node_modules'))).toBe(false);
    expect(errors).toEqual([]);
    watch.dispose();
  });

  it('polls where inotifywait can’t run', async () => {
    const seen = new Set<string>();
    const other = server.guest({ toolsFolder: '/nowhere' });
    const watch = (await other.files()).watch(
      home,
      { recursive: true, excludes: [] },
      {
        onChanges: (changes) => {
          for (const { path } of changes) {
            seen.add(path);
          }
        },
        onOverflow: () => undefined,
        onError: () => undefined,
      },
    );
    await expect
      .poll(
        async () => {
          await writeFile(join(home, `f${seen.size}${Math.random()}`), 'x');
          return seen.size > 0;
        },
        { timeout: 15_000, interval: 200 },
      )
      .toBe(true);
    watch.dispose();
    other.dispose();
  });
});
