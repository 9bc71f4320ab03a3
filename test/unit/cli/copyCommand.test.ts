import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { copyIn } from '../../../src/guest/copy/copyIn';
import { copyOut } from '../../../src/guest/copy/copyOut';
import { surveyGuest } from '../../../src/guest/copy/guestSurvey';
import { surveyHost } from '../../../src/guest/copy/hostSurvey';
import { OpenSshServer } from '../guest/openSshServer';
import { fakeMachine } from './fakeMachine';
import { runFake } from './fakeTerminal';

describe('bulkhead cp', { timeout: 60_000 }, () => {
  let server: OpenSshServer;
  let workspace: string;
  let host: string;
  let count = 0;

  beforeAll(async () => {
    server = await OpenSshServer.start();
  });
  afterAll(() => server.stop());
  beforeEach(async () => {
    workspace = join(server.home, `w${count++}`);
    await mkdir(workspace);
    host = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-cp-')));
  });
  afterEach(() => rm(host, { recursive: true, force: true }));

  const cp = (...args: string[]) => {
    const machine = fakeMachine({ id: 'shop-1a2b', workspaceFolder: workspace });
    const guest = server.guest();
    return runFake(['cp', ...args], {
      find: async () => machine,
      guest: async () => guest,
      surveyGuest: async (_id, paths, wait) => surveyGuest(await guest.files(), paths, wait),
      copyOut: async (_id, plan, wait) => copyOut(await guest.files(), plan, wait),
      copyIn: async (_id, paths, wait) => copyIn(guest, await surveyHost(paths), wait),
    }).finally(() => guest.dispose());
  };

  it('copies into a folder that is there, and under a new name where there is none', async () => {
    await writeFile(join(host, 'a'), 'A');
    expect(await cp(join(host, 'a'), 'shop:')).toMatchObject({ code: 0 });
    expect(await readFile(join(workspace, 'a'), 'utf8')).toBe('A');
    const renamed = await cp('--json', join(host, 'a'), 'shop:b');
    expect(JSON.parse(renamed.stdout)).toEqual({
      id: 'shop-1a2b',
      direction: 'in',
      files: 1,
      folders: 0,
      bytes: 1,
      skipped: [],
      skippedCount: 0,
      placed: [join(workspace, 'b')],
    });
    await mkdir(join(workspace, 'dir/sub'), { recursive: true });
    await writeFile(join(workspace, 'dir/sub/c'), 'C');
    expect((await cp('shop:dir', join(host, 'new'))).code).toBe(0);
    expect(await readFile(join(host, 'new/sub/c'), 'utf8')).toBe('C');
    const many = await cp(`shop:${workspace}/dir/sub/c`, 'shop:b', host);
    expect(many.stdout).toContain('2 files');
    expect(await readFile(join(host, 'b'), 'utf8')).toBe('A');
  });

  it('never replaces a file unless told to', async () => {
    await writeFile(join(host, 'a'), 'host');
    await writeFile(join(workspace, 'a'), 'guest');
    for (const [source, target] of [
      ['shop:a', host],
      [join(host, 'a'), 'shop:'],
    ] as const) {
      const refused = await cp(source, target);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain('--overwrite');
    }
    expect([await readFile(join(host, 'a'), 'utf8'), await readFile(join(workspace, 'a'), 'utf8')]).toEqual([
      'host',
      'guest',
    ]);
    expect((await cp('--keep-both', 'shop:a', host)).code).toBe(0);
    expect(await readFile(join(host, 'a (2)'), 'utf8')).toBe('guest');
    expect((await cp('--overwrite', 'shop:a', host)).code).toBe(0);
    expect(await readFile(join(host, 'a'), 'utf8')).toBe('guest');
  });

  it('names what it leaves out', async () => {
    await mkdir(join(workspace, 'd/.git'), { recursive: true });
    await writeFile(join(workspace, 'd/.git/config'), 'x');
    await symlink('/etc/passwd', join(workspace, 'd/link\u001b[31m'));
    await symlink('/etc/passwd', join(workspace, 'd/link'));
    const { code, stderr } = await cp('shop:d', host);
    expect(code).toBe(0);
    expect(stderr).toContain('d/link: a link');
    expect(stderr).toContain('--git');
    expect(stderr).not.toContain('\u001b[31m');
    expect((await cp('--git', '--skip-existing', 'shop:d', host)).code).toBe(0);
    expect(await readFile(join(host, 'd/.git/config'), 'utf8')).toBe('x');
  });

  it.each([
    [['a', 'b']],
    [['shop:a']],
    [['shop:a', 'shop:b']],
    [['shop:a', './b', 'shop:c']],
    [['--overwrite', '--keep-both', 'shop:a', '.']],
    [['shop:a', 'shop:b', './no-such-folder']],
  ])('%j is bad usage', async (args) => {
    await writeFile(join(workspace, 'a'), 'x');
    await writeFile(join(workspace, 'b'), 'x');
    const { code, stderr } = await cp(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/\nNext: /);
  });
});
