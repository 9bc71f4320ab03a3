import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { extract } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { baseImages } from '../../../src/image/baseImages';
import { hashBuildContext, packBuildContext, readBuildContext } from '../../../src/image/buildContext';
import { planDevcontainer } from '../../../src/image/devcontainerBuild';
import { DOCKER_HUB, parseImageReference } from '../../../src/image/imageReference';

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-context-')));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function write(files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

async function sent(dockerfile = 'Dockerfile', buildKit = false): Promise<Record<string, string>> {
  const context = await readBuildContext(folder, join(folder, dockerfile));
  const archive = extract();
  packBuildContext(context, { buildKit }).pipe(archive as unknown as NodeJS.WritableStream);
  const files: Record<string, string> = {};
  for await (const entry of archive) {
    let content = '';
    for await (const chunk of entry) {
      content += String(chunk);
    }
    files[entry.header.name] = entry.header.type === 'symlink' ? `→ ${entry.header.linkname}` : content;
  }
  return files;
}

describe('a build context', () => {
  test('holds what negations bring back, in folders that are left out otherwise', async () => {
    await write({
      Dockerfile: 'F',
      '.dockerignore': 'deep\n!deep/er/keep\n!**/*.md',
      'deep/drop': '',
      'deep/er/keep': 'k',
      'deep/a.md': 'm',
    });
    expect(Object.keys(await sent()).sort()).toEqual([
      '.dockerignore',
      'Dockerfile',
      'deep/a.md',
      'deep/er/keep',
    ]);
  });

  test('prefers <Dockerfile>.dockerignore', async () => {
    await write({
      'dev.Dockerfile': 'F',
      'dev.Dockerfile.dockerignore': 'b',
      '.dockerignore': 'a',
      a: '',
      b: '',
    });
    const names = Object.keys(await sent('dev.Dockerfile'));
    expect(names).toContain('a');
    expect(names).not.toContain('b');
  });

  test('sends a Dockerfile that is left out under an odd name that the builder takes out again', async () => {
    await write({ Dockerfile: 'FROM x', '.dockerignore': 'Dockerfile', a: '' });
    const files = await sent();
    const odd = Object.keys(files).find((name) => files[name] === 'FROM x') ?? '';
    expect(odd).toMatch(/^\.dockerfile\.[0-9a-f]{20}$/);
    expect(files['.dockerignore']?.split('\n')).toContain(odd);
    expect(files['Dockerfile']).toBeUndefined();
  });

  test('keeps symlinks as symlinks and leaves pipes out', async () => {
    await write({ Dockerfile: 'F' });
    await symlink('/etc', join(folder, 'etc'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const files = await sent();
    expect(files['etc']).toBe('→ /etc');
    expect(Object.keys(files)).not.toContain('pipe');
  });

  test('has a hash of what the build sees, not of times', async () => {
    await write({ Dockerfile: 'F', a: 'one', skipped: 'x', '.dockerignore': 'skipped' });
    const hash = async () => hashBuildContext(await readBuildContext(folder, join(folder, 'Dockerfile')));
    const first = await hash();
    await utimes(join(folder, 'a'), 1, 1);
    await write({ skipped: 'y' });
    expect(await hash()).toBe(first);
    await write({ a: 'two' });
    expect(await hash()).not.toBe(first);
  });

  test('a Dockerfile that is a symlink is refused', async () => {
    await symlink('/etc/passwd', join(folder, 'Dockerfile'));
    await expect(sent()).rejects.toMatchObject({ kind: 'usage' });
  });
});

test('the images that a Dockerfile starts from', () => {
  const text =
    'ARG V=1\nARG W\nFROM --platform=linux/amd64 a:$V AS one\nFROM one AS two\nFROM b:${W}\nfrom scratch\nFROM c:${X}\n';
  expect(baseImages(text, { W: '2' })).toEqual(['a:1', 'b:2']);
});

describe('an image reference', () => {
  test.each([
    ['debian', 'debian:latest', DOCKER_HUB],
    ['library/debian:12', 'library/debian:12', DOCKER_HUB],
    ['localhost:5000/a/b', 'localhost:5000/a/b:latest', 'localhost:5000'],
    ['ghcr.example/a:1', 'ghcr.example/a:1', 'ghcr.example'],
  ])('%s', (text, full, registry) => {
    expect(parseImageReference(text)).toEqual({ full, registry });
  });

  test.each(['', 'A', 'a b', '-a', 'a:', 'a//b', '../a', `${'a'.repeat(600)}`, 'a?b=c'])(
    '%j is none',
    (text) => {
      expect(() => parseImageReference(text)).toThrow(/image reference/);
    },
  );
});

describe('a devcontainer.json with Features', () => {
  const plan = (config: unknown) => {
    return write({ '.devcontainer/devcontainer.json': JSON.stringify(config), '.devcontainer/f/x': '' }).then(
      () => planDevcontainer(join(folder, '.devcontainer/devcontainer.json'), folder),
    );
  };

  test('gives an image and what goes on it', async () => {
    const { base, features, localFeatures } = await plan({
      image: 'debian:12',
      features: { './f': {}, 'ghcr.example/a/b:1': { v: true } },
    });
    expect(base).toEqual({ kind: 'image', reference: 'debian:12' });
    expect(Object.keys(features)).toEqual(['./f', 'ghcr.example/a/b:1']);
    expect(localFeatures).toEqual({ './f': join(folder, '.devcontainer/f') });
  });

  test.each([
    [{ dockerComposeFile: 'x.yml' }],
    [{ image: 'a', build: { dockerfile: 'D', options: ['--secret', 'id=x,src=/etc/shadow'] } }],
    [{ build: { dockerfile: '../../outside' } }],
    [{ image: 'a', features: { '../..': {} } }],
    [{ image: 'a', features: { './missing': {} } }],
    [{ image: 'a', features: { '$(touch x)': {} } }],
    [{ build: { dockerfile: '../.devcontainer/f/x', args: { A: '${localEnv:HOME}' } } }],
    [{ features: {} }],
    [{ image: 7 }],
  ])('%j is refused', async (config) => {
    await expect(plan(config)).rejects.toMatchObject({ kind: 'usage' });
  });
});
