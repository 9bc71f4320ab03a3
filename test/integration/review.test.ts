import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type App, createApp } from '../../src/app';
import { silentLog } from '../../src/core/log';
import type { ApplyResult, Review, ReviewChange, Selection } from '../../src/review/reviewService';
import { ROOT } from './fixtures/cli';
import { TestMachine } from './fixtures/machine';

const run = promisify(execFile);
let machine: TestMachine;
let app: App;
let folder: string;

beforeAll(async () => {
  const images: { ensureGitImage(): Promise<string> } = await import(
    pathToFileURL(join(ROOT, 'test/images/gitImage.mjs')).href
  );
  const image = await images.ensureGitImage();
  machine = await TestMachine.prepare('review', {
    '.bulkhead.json': JSON.stringify({ image, memory: '768mb', disk: '3gb' }),
    'a.txt': 'one\ntwo\nthree\n',
    'b.txt': 'b\n',
    'src/keep.ts': 'keep\n',
    'src/old.ts': 'old\n',
    'README.md': '# readme\n',
    'script.sh': '#!/bin/sh\n',
    'lines.txt': Array.from({ length: 40 }, (_, n) => `line ${n}\n`).join(''),
  });
  folder = machine.workspace.folder;
  await git('init', '-q', '-b', 'main');
  await git('add', '-A');
  await git('-c', 'user.name=Host', '-c', 'user.email=host@example.org', 'commit', '-qm', 'First');
  await machine.up();
  app = createApp({ log: silentLog, dataDirectory: machine.cli.dataDirectory, proxyCommand: ['bulkhead'] });
});

afterAll(async () => {
  app?.dispose();
  await machine?.dispose();
});

const git = async (...args: string[]) => (await run('git', ['-C', folder, ...args])).stdout.trim();
/** Types, modes, link targets and SHA-256 of everything but the repository. */
const snapshot = async () => {
  const list = 'find . -path ./.git -prune -o -printf "%P %y %m %l\\n" | sort';
  const hash = 'find . -path ./.git -prune -o -type f -print0 | sort -z | xargs -0 sha256sum';
  return (await run('sh', ['-c', `${list}; ${hash}`], { cwd: folder })).stdout;
};
const host = (path: string) => readFile(join(folder, path), 'utf8');
const changed = (review: Review, path: string): ReviewChange => {
  const found = review.changes.find((change) => change.path === path);
  if (!found) {
    throw new Error(`${path} is not in ${review.changes.map((change) => change.path).join(', ')}`);
  }
  return found;
};
const apply = async (...selections: Selection[]): Promise<ApplyResult> =>
  app.applyReview((await app.review(machine.id)).token, selections);

describe('the review gate', () => {
  test('shows nothing right after the copy, and reads nothing for it', async () => {
    expect(await app.review(machine.id)).toMatchObject({
      changes: [],
      commits: [],
      hashedFiles: 0,
      notes: [],
    });
  });

  test('lists what was added, changed, deleted, renamed and made executable, and reads only that', async () => {
    await machine.sh(
      'echo four >> a.txt; rm b.txt; mv src/old.ts src/new.ts; chmod 755 script.sh; mkdir -p deep/er; echo x > deep/er/x',
    );
    const review = await app.review(machine.id);
    expect(review.changes.map(({ path, kind, from }) => [path, kind, from])).toEqual([
      ['a.txt', 'modified', undefined],
      ['b.txt', 'deleted', undefined],
      ['deep/er/x', 'added', undefined],
      ['script.sh', 'mode', undefined],
      ['src/new.ts', 'renamed', 'src/old.ts'],
    ]);
    expect(changed(review, 'script.sh').dangers).toEqual(['executable']);
    expect(review.hashedFiles).toBeLessThanOrEqual(4);
    expect((await app.review(machine.id)).hashedFiles).toBe(0);
  });

  test('applies what was picked, shows it no more, and undo gives back bytes and modes', async () => {
    const before = await snapshot();
    const result = await apply(
      { path: 'a.txt' },
      { path: 'b.txt' },
      { path: 'deep/er/x' },
      { path: 'script.sh' },
      { path: 'src/new.ts' },
    );
    expect(result.applied.sort()).toEqual(['a.txt', 'b.txt', 'deep/er/x', 'src/new.ts']);
    expect(result.refused).toMatchObject([{ path: 'script.sh', why: expect.stringContaining('tick') }]);
    expect(await host('a.txt')).toBe('one\ntwo\nthree\nfour\n');
    expect((await readdir(folder)).includes('b.txt')).toBe(false);
    expect(await readdir(join(folder, 'src'))).toEqual(['keep.ts', 'new.ts']);
    expect((await app.review(machine.id)).changes.map(({ path }) => path)).toEqual(['script.sh']);
    const { restored, kept } = await app.undoApply(result.applyId);
    expect(kept).toEqual([]);
    expect(restored.length).toBe(5);
    expect(await snapshot()).toBe(before);
    expect((await app.review(machine.id)).changes.length).toBe(5);
  });

  test('a malicious .vscode/tasks.json is flagged, and refused without its tick', async () => {
    await machine.sh(
      `mkdir -p .vscode; echo '{"version":"2.0.0"}' > .vscode/tasks.json; echo fine > fine.txt`,
    );
    const printed = (await machine.bulkhead('pull')).stdout;
    expect(printed).toMatch(/^A \.vscode\/tasks\.json.*DANGER: editor, dotfile$/m);
    const all = await machine.bulkhead('pull', '--apply', '--all', '--json');
    expect(all.json<ApplyResult>().applied).toContain('fine.txt');
    expect(existsSync(join(folder, '.vscode'))).toBe(false);
    const refused = await machine.cli.run(['pull', machine.id, '--apply', '--path', '.vscode/*', '--json']);
    expect(refused.code).toBe(1);
    expect(refused.json<ApplyResult>().refused).toMatchObject([{ path: '.vscode/tasks.json' }]);
    expect(existsSync(join(folder, '.vscode'))).toBe(false);
    await machine.bulkhead('pull', '--apply', '--danger', '.vscode/tasks.json');
    expect(await host('.vscode/tasks.json')).toBe('{"version":"2.0.0"}\n');
    await machine.bulkhead('pull', '--undo');
    expect(existsSync(join(folder, '.vscode'))).toBe(false);
    await machine.bulkhead('pull', '--undo');
    expect(existsSync(join(folder, 'fine.txt'))).toBe(false);
    await machine.sh('rm -r .vscode fine.txt');
  });

  test('hunks, conflicts with the copied text as the third side, and a swap between look and apply', async () => {
    await machine.sh(`sed -i 's/^line 2$/LINE 2/; s/^line 35$/LINE 35/' lines.txt; echo guest > README.md`);
    await writeFile(join(folder, 'README.md'), 'host\n');
    const { token } = await app.review(machine.id);
    const hunks = await app.reviewHunks(token, 'lines.txt');
    expect(hunks.length).toBe(2);
    const sides = await app.reviewSides(token, 'README.md');
    expect([sides.host, sides.guest, sides.base].map(String)).toEqual(['host\n', 'guest\n', '# readme\n']);
    await machine.sh('rm src/keep.ts; ln -s /etc/shadow src/keep.ts');
    const result = await app.applyReview(token, [
      { path: 'lines.txt', hunks: hunks.slice(1).map(({ id }) => id) },
      { path: 'README.md' },
      { path: 'src/keep.ts', dangersAccepted: true },
    ]);
    expect(result.applied).toEqual(['lines.txt']);
    expect(result.refused.map(({ path }) => path)).toEqual(['README.md', 'src/keep.ts']);
    expect(await host('lines.txt')).toContain('line 2\n');
    expect(await host('lines.txt')).toContain('LINE 35\n');
    expect(await host('README.md')).toBe('host\n');
    await app.undoApply(result.applyId);
    await machine.sh('git checkout -q -- README.md lines.txt src/keep.ts');
    await git('checkout', '-q', '--', 'README.md');
  });

  test('a real account’s files and a name that only case tells apart', async () => {
    await machine.sh('echo evil > readme.MD; echo private > private.txt; chmod 600 private.txt');
    await machine.sh('mkdir locked; echo x > locked/x; chmod 700 locked', ['--user', 'root']);
    const review = await app.review(machine.id);
    expect(changed(review, 'readme.MD').blocked).toContain('the same name');
    expect(changed(review, 'private.txt').kind).toBe('added');
    expect(changed(review, 'locked/x').kind).toBe('added');
    await machine.sh('rm -rf readme.MD private.txt locked', ['--user', 'root']);
  });

  test('killed half-way, an apply is taken back at the next pull, and that is said', async () => {
    await machine.sh('mkdir many; for n in $(seq 1 400); do echo $n > many/$n; done');
    const before = (await readdir(folder)).sort();
    const backups = join(machine.cli.dataDirectory, 'backups');
    const known = await readdir(backups);
    const running = machine.cli.start(['pull', machine.id, '--apply', '--path', 'many', '--look', 'now']);
    running.stdin.end();
    const written = async () =>
      existsSync(join(folder, 'many')) ? (await readdir(join(folder, 'many'))).length : 0;
    while ((await written()) < 20) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    running.kill('SIGKILL');
    expect((await running.finished).code).toBeNull();
    expect(await written()).toBeGreaterThan(0);
    expect((await readdir(backups)).length).toBe(known.length + 1);
    const next = await machine.bulkhead('pull');
    expect(next.stdout).toContain('has been taken back');
    expect((await readdir(folder)).sort()).toEqual(before);
    expect((await machine.bulkhead('pull')).stdout).not.toContain('taken back');
    await machine.sh('rm -r many');
  });

  test('commits come as refs that git log reads; hooks of either side don’t run', async () => {
    await machine.sh(
      'git -c user.name=G -c user.email=g@example.org commit -qam "From the guest"; git checkout -qb topic/one; git -c user.name=G -c user.email=g@example.org commit -q --allow-empty -m Topic',
    );
    const marker = join(machine.cli.dataDirectory, 'hook-ran');
    const hook = join(folder, '.git/hooks/reference-transaction');
    await writeFile(hook, `#!/bin/sh\necho ran >> ${marker}\n`, { mode: 0o755 });
    const review = await app.review(machine.id);
    // Within a second git leaves their order open.
    expect(review.commits.map(({ subject }) => subject).sort()).toEqual(['From the guest', 'Topic']);
    await machine.bulkhead('pull', '--commits');
    expect(existsSync(marker)).toBe(false);
    await rm(hook);
    expect(await git('log', '--format=%s', `bulkhead/${machine.id}/topic/one`)).toBe(
      'Topic\nFrom the guest\nFirst',
    );
    await git('fsck', '--strict');
  });
});
