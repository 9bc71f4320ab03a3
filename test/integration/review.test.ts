import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
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
    const before = await run('sh', ['-c', 'find . -path ./.git -prune -o -printf "%P %m %s\\n" | sort'], {
      cwd: folder,
    });
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
    const after = await run('sh', ['-c', 'find . -path ./.git -prune -o -printf "%P %m %s\\n" | sort'], {
      cwd: folder,
    });
    expect(after.stdout).toBe(before.stdout);
    expect((await app.review(machine.id)).changes.length).toBe(5);
  });
});
