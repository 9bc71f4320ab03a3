import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hostGitCredential } from '../../../src/credentials/hostGitCredential';

const run = promisify(execFile);
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'bulkhead-home-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

/** The user's environment with a helper that knows `password` for everything. */
async function user(password: string, more: NodeJS.ProcessEnv = {}): Promise<NodeJS.ProcessEnv> {
  await writeFile(
    join(home, '.gitconfig'),
    password === ''
      ? ''
      : `[credential]\n\thelper = "!f() { cat > ${home}/asked; echo username=jo; echo password=${password}; }; f"\n`,
  );
  return { PATH: process.env['PATH'], HOME: home, GIT_CONFIG_NOSYSTEM: '1', ...more };
}

test('asks the user’s own helper about the host, and gives name and password only', async () => {
  const env = await user('s3cret');
  expect(await hostGitCredential({ host: 'git.example.test' }, { env })).toBe(
    'username=jo\npassword=s3cret\n',
  );
});

test('no repository’s configuration counts, not even one around the folder it runs in', async () => {
  const evil = join(home, 'evil');
  await mkdir(evil);
  await run('git', ['init', '-q', evil]);
  const helper = `!touch ${home}/run; echo password=evil; echo username=evil`;
  await run('git', ['-C', evil, 'config', 'credential.helper', helper]);
  const env = await user('s3cret', { TMPDIR: evil, GIT_DIR: join(evil, '.git'), GIT_WORK_TREE: evil });
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = evil;
  try {
    expect(await hostGitCredential({ host: 'git.example.test' }, { env })).toContain('s3cret');
  } finally {
    process.env['TMPDIR'] = before;
    if (before === undefined) {
      delete process.env['TMPDIR'];
    }
  }
  expect(await readdir(home)).not.toContain('run');
  // Its own folder is gone again.
  expect(await readdir(evil)).toEqual(['.git']);
});

test('nobody is asked for a password: without a helper there is none', async () => {
  const ask = join(home, 'ask');
  await writeFile(ask, `#!/bin/sh\ntouch ${home}/prompted\necho typed\n`, { mode: 0o755 });
  const env = await user('', { GIT_ASKPASS: ask, SSH_ASKPASS: ask, DISPLAY: ':0' });
  expect(await hostGitCredential({ host: 'git.example.test' }, { env })).toBeUndefined();
  expect(await readdir(home)).not.toContain('prompted');
});

test('git’s traces, which would hold the secret, stay off', async () => {
  const env = await user('s3cret', { GIT_TRACE: join(home, 'trace'), GIT_TRACE2: join(home, 'trace2') });
  expect(await hostGitCredential({ host: 'git.example.test' }, { env })).toContain('s3cret');
  expect((await readdir(home)).filter((name) => name.startsWith('trace'))).toEqual([]);
});

test('a host without git says so', async () => {
  const env = { ...(await user('x')), PATH: home };
  await expect(hostGitCredential({ host: 'a.test' }, { env })).rejects.toThrow(
    'There is no git on this computer',
  );
});
