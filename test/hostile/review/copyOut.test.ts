import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { copyOut } from '../../../src/guest/copy/copyOut';
import { surveyGuest } from '../../../src/guest/copy/guestSurvey';
import { OpenSshServer } from '../../unit/guest/openSshServer';
import { attack } from '../attack';

let server: OpenSshServer;
let host: string;
beforeAll(async () => {
  server = await OpenSshServer.start();
  host = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-copy-')));
});
afterAll(async () => {
  await server.stop();
  await rm(host, { recursive: true });
});

attack(
  {
    id: 'copy-bare-repository',
    from: 'guest',
    tries:
      'A folder that is copied out is a repository without being called .git (HEAD, objects, refs and a config with a program for git); so is one by commondir; another becomes one with the HEAD that the folder here has already.',
    holds:
      'What makes the repository is left out and named, unless repositories are asked for; git runs nothing in the copy.',
    promise: 'plain-copies',
  },
  async () => {
    const proof = join(host, 'git-ran');
    const config = (name: string) =>
      `[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = "../${name}"\n\tfsmonitor = "touch ${proof};"\n`;
    const ref = 'ref: refs/heads/main\n';
    const put = async (folder: string, files: Record<string, string>) => {
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), content);
      }
    };
    const here = join(host, 'here');
    await put(here, { 'half/HEAD': ref, 'half/objects/keep': '' });
    await put(server.home, {
      'assets/HEAD': ref,
      'assets/objects/keep': '',
      'assets/refs/keep': '',
      'assets/config': config('assets'),
      'linked/Head': ref,
      'linked/commondir': '../assets',
      'half/refs/keep': '',
      'half/config': config('half'),
      'half/notes.txt': 'n',
    });
    const guest = server.guest();
    try {
      const files = await guest.files();
      const names = ['assets', 'linked', 'half'].map((name) => join(server.home, name));
      const copy = async (options: { git?: boolean }) => {
        const plan = await surveyGuest(files, names);
        expect(plan.hasRepository).toBe(true);
        const questions = { isLargeFine: async () => true, onConflict: async () => 'skip' as const };
        const { undo, ...result } = await copyOut(files, plan, { folder: here, questions, ...options });
        await undo.settle();
        return result;
      };
      const { skipped } = await copy({});
      expect(skipped.filter(({ reason }) => reason === 'repository')).toHaveLength(4);
      expect((await readdir(here)).sort()).toEqual(['half']);
      expect((await readdir(join(here, 'half'))).sort()).toEqual(['HEAD', 'notes.txt', 'objects']);
      const status = (folder: string) =>
        spawnSync('git', ['-c', 'safe.directory=*', 'status'], { cwd: folder, stdio: 'ignore' });
      status(join(here, 'half'));
      expect(existsSync(proof)).toBe(false);
      await copy({ git: true });
      status(join(here, 'assets'));
      // Asked for, it is a repository that runs its program: the attack is a real one.
      expect(existsSync(proof)).toBe(true);
      return `${skipped.length} pieces left out, git ran nothing`;
    } finally {
      guest.dispose();
    }
  },
);
