import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Log, silentLog } from '../../src/core/log';
import { connectEngine, type Engine } from '../../src/image/engine';
import { imageTagOf, provideImage } from '../../src/image/provideImage';
import { machineId } from '../../src/settings/machineId';
import type { ImageSource, WorkspaceSpec } from '../../src/settings/workspaceSpec';
import { imageArchive, layerTar, loadImage } from './fixtures/imageArchive';

const BASE = 'debian:trixie-slim';
const made: string[] = [];
let engine: Engine;
let folder: string;

beforeAll(async () => {
  engine = await connectEngine({ log: silentLog });
});

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-image-')));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

afterAll(async () => {
  for (const image of made) {
    await engine.docker
      .getImage(image)
      .remove({ force: true })
      .catch(() => undefined);
  }
});

async function write(path: string, content: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
  await chmod(join(folder, path), mode);
}

function specFor(image: ImageSource): WorkspaceSpec {
  const spec = { folder, name: 'test', image } as WorkspaceSpec;
  made.push(imageTagOf(machineId(folder)));
  return spec;
}

const build = (): ImageSource => ({
  kind: 'build',
  dockerfile: join(folder, 'Dockerfile'),
  context: folder,
  args: {},
});

/** Files of an image that was built FROM scratch: path → octal mode or link target. */
async function filesOf(image: string): Promise<Record<string, string>> {
  const container = await engine.docker.createContainer({ Image: image, Cmd: ['x'] });
  try {
    const archive = extract();
    ((await container.export()) as Readable).pipe(archive as unknown as NodeJS.WritableStream);
    const files: Record<string, string> = {};
    for await (const entry of archive) {
      const { name, type, mode = 0, linkname } = entry.header;
      if (!/^(?:\.dockerenv|dev|proc|sys|etc)/.test(name)) {
        files[name] = type === 'symlink' ? `→ ${linkname}` : (mode & 0o7777).toString(8);
      }
      entry.resume();
    }
    return files;
  } finally {
    await container.remove({ force: true });
  }
}

describe.each([false, true])('a build with BuildKit: %s', (buildKit) => {
  beforeAll(() => {
    engine = { ...engine, buildKit };
  });

  test('sends what .dockerignore lets through', async () => {
    await write('Dockerfile', 'FROM scratch\nCOPY . /\n');
    await write('.dockerignore', '*.log\n!keep.log\nnode_modules\nsub/*\n!sub/keep\n# comment\n');
    await write('drop.log', '');
    await write('keep.log', '', 0o755);
    await write('node_modules/x/index.js', '');
    await write('sub/drop', '');
    await write('sub/keep/deep/file', '');
    await symlink('/etc/passwd', join(folder, 'link'));
    const image = await provideImage(engine, specFor(build()), { log: silentLog });
    expect(await filesOf(image.id)).toEqual({
      '.dockerignore': '644',
      Dockerfile: '644',
      'keep.log': '755',
      link: '→ /etc/passwd',
      'sub/': '755',
      'sub/keep/': '755',
      'sub/keep/deep/': '755',
      'sub/keep/deep/file': '644',
    });
  });

  test('is skipped while nothing changed, and done again when asked or when something did', async () => {
    await write('Dockerfile', `FROM ${BASE}\nENV A=b=c\nWORKDIR /srv\nUSER daemon\nCOPY data /data\n`);
    await write('data', 'one');
    const spec = specFor(build());
    const first = await provideImage(engine, spec, { log: silentLog });
    expect(first).toMatchObject({ cached: false, user: 'daemon', workingDir: '/srv', env: { A: 'b=c' } });
    expect(await provideImage(engine, spec, { log: silentLog })).toEqual({ ...first, cached: true });
    expect(await provideImage(engine, spec, { log: silentLog, rebuild: true })).toMatchObject({
      cached: false,
    });
    await write('data', 'two');
    const second = await provideImage(engine, spec, { log: silentLog });
    expect(second.cached).toBe(false);
    expect(second.layers).not.toEqual(first.layers);
  });

  test('that fails says at which step, with its last lines', async () => {
    await write('Dockerfile', `FROM ${BASE}\nRUN echo all is well\nRUN echo first; echo oops >&2; exit 7\n`);
    const failing = provideImage(engine, specFor(build()), { log: silentLog });
    await expect(failing).rejects.toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(/\[3\/\d\] RUN echo first/),
      details: expect.stringContaining('oops'),
    });
    await expect(failing).rejects.not.toMatchObject({ details: expect.stringContaining('all is well') });
  });

  test('really stops when it is cancelled', async () => {
    const seconds = 1000 + Math.floor(Math.random() * 1e6);
    await write('Dockerfile', `FROM ${BASE}\nRUN sleep ${seconds}\n`);
    const controller = new AbortController();
    const onStep = (line: string) => {
      if (line.includes(`RUN sleep ${seconds}`)) {
        setTimeout(() => controller.abort(), 1500);
      }
    };
    const log: Log = { ...silentLog, info: onStep };
    const cut = provideImage(engine, specFor(build()), { log, signal: controller.signal });
    await expect(cut).rejects.toMatchObject({ kind: 'cancelled' });
    await expect.poll(() => processes(`sleep ${seconds}`), { timeout: 20_000, interval: 300 }).toEqual([]);
  });
});

/** Command lines on the Engine's machine that contain a text. */
async function processes(text: string): Promise<string[]> {
  const container = await engine.docker.createContainer({
    Image: BASE,
    Cmd: ['sh', '-c', 'cat /proc/[0-9]*/cmdline | tr "\\0" " "'],
    Tty: true,
    HostConfig: { PidMode: 'host', NetworkMode: 'none' },
  });
  try {
    const stream = await container.attach({ stream: true, stdout: true });
    await container.start();
    let seen = '';
    for await (const chunk of stream) {
      seen += String(chunk);
    }
    return seen.includes(text) ? [seen] : [];
  } finally {
    await container.remove({ force: true });
  }
}

describe('an image that can not be had', () => {
  test('for another architecture', async () => {
    const tag = 'bulkhead-test-arch:1';
    made.push(tag);
    const layers = [await layerTar([{ name: 'x', content: randomBytes(8) }])];
    await loadImage(
      engine,
      await imageArchive({ tag, layers, architecture: engine.arch === 'arm64' ? 'amd64' : 'arm64' }),
    );
    const other = provideImage(engine, specFor({ kind: 'image', reference: tag }), { log: silentLog });
    await expect(other).rejects.toMatchObject({
      kind: 'host',
      message: expect.stringMatching(/linux\/arm64.*linux\/amd64|linux\/amd64.*linux\/arm64/),
    });
  });

  test('from a registry that does not answer', async () => {
    const reference = 'localhost:1/nobody/nothing:1';
    const none = provideImage(engine, specFor({ kind: 'image', reference }), { log: silentLog });
    await expect(none).rejects.toMatchObject({ kind: 'host', message: expect.stringContaining(reference) });
  });

  test('because it is no reference', async () => {
    const none = provideImage(engine, specFor({ kind: 'image', reference: 'Not A Reference' }), {
      log: silentLog,
    });
    await expect(none).rejects.toMatchObject({ kind: 'usage' });
  });

  test('because there is no Dockerfile', async () => {
    await expect(provideImage(engine, specFor(build()), { log: silentLog })).rejects.toMatchObject({
      kind: 'usage',
    });
  });
});

test('Features are installed, and no hook of the repo runs on the host', async () => {
  await write(
    '.devcontainer/devcontainer.json',
    JSON.stringify({
      image: BASE,
      features: { './hello': { greeting: 'hi' } },
      initializeCommand: `touch ${join(folder, 'ran-on-the-host')}`,
      remoteUser: 'root',
    }),
  );
  await write(
    '.devcontainer/hello/devcontainer-feature.json',
    JSON.stringify({
      id: 'hello',
      version: '1.0.0',
      options: { greeting: { type: 'string', default: 'x' } },
    }),
  );
  await write('.devcontainer/hello/install.sh', '#!/bin/sh\necho "$GREETING" >/hello\n', 0o755);
  const configFile = join(folder, '.devcontainer/devcontainer.json');
  const spec = specFor({ kind: 'devcontainer', configFile });
  const first = await provideImage(engine, spec, { log: silentLog });
  expect(first.cached).toBe(false);
  expect(Object.keys(await filesOf(first.id))).toContain('hello');
  expect(first.labels['devcontainer.metadata']).toContain('hello');
  expect((await provideImage(engine, spec, { log: silentLog })).cached).toBe(true);
  expect(await readdir(folder)).toEqual(['.devcontainer']);
});
