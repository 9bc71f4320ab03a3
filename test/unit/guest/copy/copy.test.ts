import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  access,
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CopyInOptions, copyIn } from '../../../../src/guest/copy/copyIn';
import { type CopyOutOptions, copyOut } from '../../../../src/guest/copy/copyOut';
import type { Conflict, ConflictAnswer, CopyQuestions } from '../../../../src/guest/copy/copyTree';
import { surveyGuest } from '../../../../src/guest/copy/guestSurvey';
import { surveyHost } from '../../../../src/guest/copy/hostSurvey';
import type { GuestFiles } from '../../../../src/guest/guestFiles';
import { OpenSshServer } from '../openSshServer';

describe('copying over real SFTP', { timeout: 60_000 }, () => {
  let server: OpenSshServer;
  let guest: ReturnType<OpenSshServer['guest']>;
  let files: GuestFiles;
  let inGuest: string;
  let onHost: string;
  let asked: Conflict[];
  let answers: ConflictAnswer[];
  let count = 0;

  const questions: CopyQuestions = {
    isLargeFine: async () => true,
    onConflict: async (conflict) => {
      asked.push(conflict);
      return answers.shift() ?? 'skip';
    },
  };

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
    inGuest = join(server.home, `c${count++}`);
    await mkdir(inGuest);
    onHost = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-copy-')));
    asked = [];
    answers = [];
  });
  afterEach(() => rm(onHost, { recursive: true, force: true }));

  /** Files with their content; folders end with a slash. */
  const make = async (folder: string, tree: Record<string, string | Buffer>) => {
    for (const [path, content] of Object.entries(tree)) {
      await mkdir(join(folder, path, path.endsWith('/') ? '.' : '..'), { recursive: true });
      if (!path.endsWith('/')) {
        await writeFile(join(folder, path), content);
      }
    }
  };
  const tree = async (folder: string): Promise<Record<string, string>> => {
    const found: Record<string, string> = {};
    for (const path of (await readdir(folder, { recursive: true })).sort()) {
      const stat = await lstat(join(folder, path));
      found[path] = stat.isSymbolicLink()
        ? `→ ${await readlink(join(folder, path))}`
        : stat.isDirectory()
          ? '/'
          : await readFile(join(folder, path), 'utf8');
    }
    return found;
  };

  describe('out of the guest', () => {
    const out = async (names: string[], options: Partial<CopyOutOptions> = {}) => {
      const plan = await surveyGuest(
        files,
        names.map((name) => join(inGuest, name)),
      );
      const result = await copyOut(files, plan, { folder: onHost, questions, ...options });
      await result.undo.remember();
      return result;
    };

    it('copies files and folders whole, and nothing but them is left', async () => {
      const large = randomBytes(3_000_000);
      await make(inGuest, {
        'a.txt': 'A',
        'dir/b': 'B',
        'dir/deep/c': 'C',
        'dir/empty/': '',
        'dir/large': large,
      });
      const { undo, ...result } = await out(['a.txt', 'dir']);
      await undo.settle();
      expect(result).toMatchObject({ files: 4, folders: 3, bytes: 3_000_003, skippedCount: 0 });
      expect(result.placed).toEqual([join(onHost, 'a.txt'), join(onHost, 'dir')]);
      expect((await readFile(join(onHost, 'dir/large'))).equals(large)).toBe(true);
      await rm(join(onHost, 'dir/large'));
      expect(await tree(onHost)).toEqual({
        'a.txt': 'A',
        dir: '/',
        'dir/b': 'B',
        'dir/deep': '/',
        'dir/deep/c': 'C',
        'dir/empty': '/',
      });
    });

    it('leaves out links, devices, repositories and names that are none, and says so', async () => {
      await make(inGuest, {
        'dir/ok': 'ok',
        'dir/line\nbreak': 'x',
        'dir/\u001b[31mred': 'x',
        'dir/.git/config': '[core] fsmonitor = evil',
        'dir/sub/.GIT/hooks/post-checkout': 'evil',
      });
      await symlink('/etc/passwd', join(inGuest, 'dir/link'));
      await symlink('..', join(inGuest, 'dir/loop'));
      execFileSync('mkfifo', [join(inGuest, 'dir/fifo')]);
      const { undo, ...result } = await out(['dir', 'dir/link']);
      await undo.settle();
      expect(await tree(onHost)).toEqual({ dir: '/', 'dir/ok': 'ok', 'dir/sub': '/' });
      expect(result.skipped.map(({ reason }) => reason).sort()).toEqual([
        'link',
        'link',
        'link',
        'name',
        'name',
        'notAFile',
        'repository',
        'repository',
      ]);
    });

    it('leaves out repositories that are not called .git, also ones that the folder here would complete', async () => {
      await make(inGuest, {
        'bare/HEAD': 'ref: refs/heads/x',
        'bare/objects/': '',
        'bare/Refs/': '',
        'bare/config': '[core] fsmonitor = evil',
        'linked/head': 'ref: refs/heads/x',
        'linked/commondir': '../bare',
        'half/config': '[core] fsmonitor = evil',
        'half/notes': 'n',
        'src/head': 'an ordinary file',
      });
      await make(onHost, { 'half/HEAD': 'ref: refs/heads/x', 'half/objects/': '', 'half/refs/': '' });
      const before = await tree(onHost);
      const { undo, ...result } = await out(['bare', 'linked', 'half', 'src']);
      await undo.settle();
      expect(await tree(onHost)).toEqual({
        ...before,
        'half/notes': 'n',
        src: '/',
        'src/head': 'an ordinary file',
      });
      expect(result.skipped.map(({ reason }) => reason)).toEqual(Array(3).fill('repository'));
      const asked = await out(['bare'], { git: true });
      await asked.undo.settle();
      expect(await tree(onHost)).toHaveProperty(['bare/config']);
    });

    it('keeps an executable bit only if asked to, and no other bit', async () => {
      await make(inGuest, { run: '#!/bin/sh', plain: 'x' });
      await chmod(join(inGuest, 'run'), 0o4755);
      const plain = await out(['run']);
      expect((await lstat(join(onHost, 'run'))).mode & 0o7111).toBe(0);
      await plain.undo.undo();
      const kept = await out(['run', 'plain'], { executable: true });
      await kept.undo.settle();
      expect((await lstat(join(onHost, 'run'))).mode & 0o7111).toBe(0o111 & ~process.umask());
      expect((await lstat(join(onHost, 'plain'))).mode & 0o111).toBe(0);
    });

    it('asks for each name that is there; folders come together', async () => {
      await make(inGuest, {
        'd/one': 'new',
        'd/two.tar.gz': 'new',
        'd/three': 'new',
        'd/four': 'new',
        'd/folder': 'new',
      });
      await make(onHost, {
        'd/one': 'old',
        'd/two.tar.gz': 'old',
        'd/three': 'old',
        'd/kept': 'old',
        'd/folder/': '',
      });
      answers = ['overwrite', 'keepBoth', 'skip', 'overwrite'];
      const order = ['one', 'two.tar.gz', 'three', 'folder'];
      const plan = await surveyGuest(files, [join(inGuest, 'd')]);
      plan.roots[0]?.children.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
      const { undo, ...result } = await copyOut(files, plan, { folder: onHost, questions });
      await undo.settle();
      expect(asked.map(({ path, canReplace }) => [path, canReplace])).toEqual([
        ['d/one', true],
        ['d/two.tar.gz', true],
        ['d/three', true],
        ['d/folder', false],
      ]);
      expect(result.skippedCount).toBe(2);
      expect(await tree(onHost)).toEqual({
        d: '/',
        'd/folder': '/',
        'd/four': 'new',
        'd/kept': 'old',
        'd/one': 'new',
        'd/three': 'old',
        'd/two.tar (2).gz': 'new',
        'd/two.tar.gz': 'old',
      });
    });

    it('writes through no link of the host', async () => {
      const outside = join(onHost, 'outside');
      await make(onHost, { 'outside/precious': 'old', 'target/': '' });
      await symlink(join(outside, 'precious'), join(onHost, 'target/file'));
      await symlink(outside, join(onHost, 'target/dir'));
      await make(inGuest, { file: 'new', 'dir/precious': 'new' });
      answers = ['overwrite', 'overwrite'];
      const { undo } = await out(['file', 'dir'], { folder: join(onHost, 'target') });
      expect(await tree(outside)).toEqual({ precious: 'old' });
      expect(await readFile(join(onHost, 'target/file'), 'utf8')).toBe('new');
      expect((await lstat(join(onHost, 'target/file'))).isFile()).toBe(true);
      expect(asked).toMatchObject([{ canReplace: true }, { canReplace: false }]);
      await undo.undo();
      expect(await readlink(join(onHost, 'target/file'))).toBe(join(outside, 'precious'));
    });

    it('can be undone: what it made goes, what it replaced comes back, what was changed since stays', async () => {
      await make(inGuest, { 'd/one': 'new', 'd/two': 'new', 'd/sub/three': 'new', four: 'new', five: 'new' });
      await make(onHost, { 'd/one': 'old', five: 'old' });
      answers = ['overwrite', 'overwrite'];
      const { undo } = await out(['d', 'four', 'five']);
      expect(await readFile(join(onHost, 'd/one'), 'utf8')).toBe('new');
      await writeFile(join(onHost, 'four'), 'edited since');
      expect(await undo.undo()).toEqual([join(onHost, 'four')]);
      expect(await tree(onHost)).toEqual({ d: '/', 'd/one': 'old', five: 'old', four: 'edited since' });
    });

    it('leaves nothing when it is cancelled, and nothing when it fails', async () => {
      await make(inGuest, { 'd/large': randomBytes(20_000_000), 'd/small': 'x' });
      const controller = new AbortController();
      const plan = await surveyGuest(files, [join(inGuest, 'd')]);
      await expect(
        copyOut(files, plan, {
          folder: onHost,
          questions,
          signal: controller.signal,
          onProgress: () => controller.abort(),
        }),
      ).rejects.toMatchObject({ kind: 'cancelled' });
      expect(await tree(onHost)).toEqual({});
      const refused = { ...questions, isLargeFine: async () => false };
      const askAbove = { files: 1, bytes: 1000 };
      await expect(
        copyOut(files, plan, { folder: onHost, questions: refused, askAbove }),
      ).rejects.toMatchObject({
        kind: 'cancelled',
      });
      await expect(out(['d'], { folder: join(onHost, 'missing') })).rejects.toMatchObject({ kind: 'usage' });
      expect(await tree(onHost)).toEqual({});
    });

    it('copies two thousand small files', async () => {
      await make(
        inGuest,
        Object.fromEntries(Array.from({ length: 2000 }, (_, n) => [`m/${n % 20}/${n}`, `${n}`])),
      );
      const { undo, ...result } = await out(['m']);
      await undo.settle();
      expect(result).toMatchObject({ files: 2000, folders: 21, skippedCount: 0 });
      expect(await readFile(join(onHost, 'm/19/1999'), 'utf8')).toBe('1999');
    });
  });

  describe('into the guest', () => {
    const into = async (names: string[], options: Partial<CopyInOptions> = {}) => {
      const plan = await surveyHost(names.map((name) => join(onHost, name)));
      return copyIn(guest, plan, { folder: inGuest, questions, ...options });
    };

    it('copies files and folders as they are, links as links', async () => {
      await make(onHost, {
        'a.txt': 'A',
        'd/b': 'B',
        'd/.git/HEAD': 'ref',
        'd/empty/': '',
        'secret/key': 'S',
      });
      await symlink('../secret', join(onHost, 'd/link'));
      await symlink('secret', join(onHost, 'picked'));
      await chmod(join(onHost, 'd/b'), 0o755);
      const result = await into(['a.txt', 'd', 'picked']);
      expect(result).toMatchObject({ files: 5, folders: 3, skippedCount: 0 });
      expect(result.placed).toEqual(['a.txt', 'd', 'picked'].map((name) => join(inGuest, name)));
      expect(await tree(inGuest)).toEqual({
        'a.txt': 'A',
        d: '/',
        'd/.git': '/',
        'd/.git/HEAD': 'ref',
        'd/b': 'B',
        'd/empty': '/',
        'd/link': '→ ../secret',
        picked: '→ secret',
      });
      expect((await lstat(join(inGuest, 'd/b'))).mode & 0o777).toBe(0o755);
    });

    it('asks for each name that is there, and reports progress to the last byte', async () => {
      await make(onHost, {
        'd/one': 'new',
        'd/two': 'new',
        three: 'new',
        'd/sub/four': randomBytes(1_000_000),
      });
      await make(inGuest, { 'd/one': 'old', 'd/two': 'old', 'd/kept': 'old', three: 'old' });
      answers = ['overwrite', 'skip', 'keepBoth'];
      const progress: (number | undefined)[] = [];
      const result = await into(['d', 'three'], { onProgress: ({ done }) => progress.push(done) });
      expect(asked.map(({ path }) => path)).toEqual(['d/one', 'd/two', 'three']);
      expect(result).toMatchObject({ files: 3, skippedCount: 1 });
      expect(progress.at(-1)).toBe(result.bytes);
      await rm(join(inGuest, 'd/sub/four'));
      expect(await tree(inGuest)).toEqual({
        d: '/',
        'd/kept': 'old',
        'd/one': 'new',
        'd/sub': '/',
        'd/two': 'old',
        three: 'old',
        'three (2)': 'new',
      });
    });

    it('leaves nothing when it is cancelled', async () => {
      await make(onHost, { 'd/large': randomBytes(30_000_000) });
      const controller = new AbortController();
      await expect(
        into(['d'], { signal: controller.signal, onProgress: () => controller.abort() }),
      ).rejects.toMatchObject({ kind: 'cancelled' });
      expect(await tree(inGuest)).toEqual({});
      await expect(into(['missing'])).rejects.toMatchObject({ kind: 'usage' });
      await expect(into(['d'], { folder: join(inGuest, 'missing') })).rejects.toMatchObject({
        code: 'ENOENT',
      });
      await expect(access(join(inGuest, 'd'))).rejects.toMatchObject({ code: 'ENOENT' });
    });
  });
});
