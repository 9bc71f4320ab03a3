import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SFTPWrapper } from 'ssh2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyOut } from '../../../../src/guest/copy/copyOut';
import type { CopyQuestions } from '../../../../src/guest/copy/copyTree';
import { surveyGuest } from '../../../../src/guest/copy/guestSurvey';
import type { GuestFiles } from '../../../../src/guest/guestFiles';
import { HostileServer } from '../hostileServer';

const OK = 0;
const EOF = 1;
const NO_SUCH_FILE = 2;
const FILE = { mode: 0o106777, uid: 0, gid: 0, size: 5, atime: 0, mtime: 0 };
const FOLDER = { ...FILE, mode: 0o040777, size: 0 };

type Listing = { filename: string; attrs: typeof FILE }[];

const questions: CopyQuestions = {
  isLargeFine: async () => false,
  onConflict: async () => 'skip',
};

describe('a guest that lies about its files', { timeout: 60_000 }, () => {
  let guest: ReturnType<HostileServer['guest']> | undefined;
  let host: string;

  beforeEach(async () => {
    host = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-copy-')));
  });
  afterEach(async () => {
    guest?.dispose();
    await rm(host, { recursive: true, force: true });
  });

  /** `list` says what is in a folder; `read` what comes at an offset of a file. */
  const evil = (
    list: (path: string) => Listing,
    read: (offset: number, length: number) => Buffer | undefined,
  ): Promise<GuestFiles> => {
    const server = new HostileServer((session) => {
      session.on('env', (accept) => accept?.());
      session.on('sftp', (accept) => serve(accept(), list, read));
    });
    guest = server.guest();
    return guest.files();
  };

  it('can’t write outside, whatever the names', async () => {
    const names = [
      '../up',
      '/etc/x',
      '..',
      'a/../../b',
      'nul\0x',
      'new\nline',
      'C:\\x',
      'ok',
      '\u202egpj.exe',
    ];
    const files = await evil(
      (path) => (path === '/d' ? names.map((filename) => ({ filename, attrs: FILE })) : []),
      (offset) => (offset === 0 ? Buffer.from('hello') : undefined),
    );
    const plan = await surveyGuest(files, ['/d']);
    const { undo, ...result } = await copyOut(files, plan, { folder: host, questions });
    await undo.settle();
    expect((await readdir(host, { recursive: true })).sort()).toEqual(['d', 'd/C:\\x', 'd/ok']);
    expect(result.files).toBe(2);
    expect(await readFile(join(host, 'd/ok'), 'utf8')).toBe('hello');
  });

  it('can’t send a file without end, and nothing of it stays', async () => {
    const files = await evil(
      (path) => (path === '/d' ? [{ filename: 'endless', attrs: FILE }] : []),
      (_offset, length) => Buffer.alloc(length),
    );
    const plan = await surveyGuest(files, ['/d']);
    expect(plan.total.bytes).toBe(5);
    await expect(
      copyOut(files, plan, { folder: host, questions, askAbove: { files: 10, bytes: 2_000_000 } }),
    ).rejects.toThrow(/more than it said/);
    expect(await readdir(host)).toEqual([]);
  });

  it('can’t have folders without end', async () => {
    const files = await evil(
      () => [{ filename: 'deeper', attrs: FOLDER }],
      () => undefined,
    );
    const plan = await surveyGuest(files, ['/d']);
    expect(plan.total.folders).toBeLessThan(200);
    expect(plan.skipped.named).toMatchObject([{ reason: 'tooDeep' }]);
  });

  it('can’t claim a size that nobody agreed to', async () => {
    const files = await evil(
      () => [{ filename: 'huge', attrs: { ...FILE, size: 2 ** 50 } }],
      () => undefined,
    );
    const plan = await surveyGuest(files, ['/d']);
    await expect(copyOut(files, plan, { folder: host, questions })).rejects.toMatchObject({
      kind: 'cancelled',
    });
    expect(await readdir(host)).toEqual([]);
  });
});

function serve(
  sftp: SFTPWrapper,
  list: (path: string) => Listing,
  read: (offset: number, length: number) => Buffer | undefined,
): void {
  const open = new Map<string, { path: string; sent: boolean }>();
  let handles = 0;
  const handleFor = (id: number, path: string) => {
    const handle = `h${handles++}`;
    open.set(handle, { path, sent: false });
    sftp.handle(id, Buffer.from(handle));
  };
  sftp.on('OPENDIR', handleFor);
  sftp.on('OPEN', handleFor);
  sftp.on('CLOSE', (id) => sftp.status(id, OK));
  const attributes = (id: number, path: string) =>
    path === '/d' ? sftp.attrs(id, FOLDER as never) : sftp.attrs(id, FILE as never);
  sftp.on('STAT', attributes);
  sftp.on('LSTAT', attributes);
  sftp.on('READDIR', (id, handle) => {
    const folder = open.get(handle.toString());
    if (!folder) {
      sftp.status(id, NO_SUCH_FILE);
    } else if (folder.sent) {
      sftp.status(id, EOF);
    } else {
      folder.sent = true;
      const entries = list(folder.path).map((entry) => ({ ...entry, longname: '' }));
      if (entries.length === 0) {
        sftp.status(id, EOF);
      } else {
        sftp.name(id, entries as never);
      }
    }
  });
  sftp.on('READ', (id, _handle, offset, length) => {
    const bytes = read(Number(offset), Number(length));
    if (bytes) {
      sftp.data(id, bytes);
    } else {
      sftp.status(id, EOF);
    }
  });
}
