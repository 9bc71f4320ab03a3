import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
// @ts-expect-error: the scripts are plain JavaScript, which runs before anything is installed
import { debianMirrors } from '../../../scripts/setup/aptSources.mjs';

const roots: string[] = [];

async function aptWith(files: Record<string, string>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'bulkhead-apt-'));
  roots.push(root);
  await mkdir(join(root, 'etc/apt/sources.list.d'), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(root, 'etc/apt', name), text);
  }
  return root;
}

afterEach(async () => {
  await Promise.all(roots.splice(0).map((root) => rm(root, { recursive: true })));
});

it('reads deb822 stanzas, with comments and continued lines', async () => {
  const root = await aptWith({
    'sources.list.d/debian.sources': [
      'Types: deb deb-src',
      '# a comment in the middle',
      'URIs:',
      ' http://mirror.test/debian/',
      'Suites: trixie trixie-updates',
      'Components: main',
      '',
      'Types: deb',
      'URIs: http://mirror.test/debian-security',
      'Suites: trixie-security',
      'Components: main',
      '',
      'Enabled: no',
      'Types: deb',
      'URIs: http://off.test/debian',
      'Suites: trixie',
      'Components: main',
    ].join('\n'),
  });
  expect(await debianMirrors(root)).toEqual(['http://mirror.test/debian']);
});

it('reads one-line sources, with options and comments, each mirror once', async () => {
  const root = await aptWith({
    'sources.list': [
      '# deb http://commented.test/debian trixie main',
      'deb-src http://source.test/debian trixie main',
      'deb [arch=amd64 signed-by=/k.gpg] https://a.test/debian trixie main contrib # why',
      'deb https://a.test/debian trixie-updates main',
      'deb https://a.test/debian-security trixie-security main',
    ].join('\n'),
    'sources.list.d/other.list': 'deb https://other.test/node nodistro main\n',
    'sources.list.d/old.list.disabled': 'deb https://disabled.test/debian trixie main\n',
  });
  expect(await debianMirrors(root)).toEqual(['https://a.test/debian']);
});

it('finds nothing where there is no Debian archive', async () => {
  const root = await aptWith({ 'sources.list': 'deb http://archive.test/ubuntu noble main\n' });
  expect(await debianMirrors(root)).toEqual([]);
});
