import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { machineId } from '../../src/settings/machineId';
import { Cli, type CliOptions, type CliResult } from './fixtures/cli';
import { imageArchive, layerTar, loadImage } from './fixtures/imageArchive';
import { engine, tracesOf } from './fixtures/machine';
import { makeWorkspace, type Workspace, type WorkspaceFiles } from './fixtures/workspace';

const FOREIGN = 'bulkhead-test-foreign:latest';

let cli: Cli;
let workspace: Workspace | undefined;

beforeAll(async () => {
  cli = await Cli.make();
  const layer = await layerTar([{ name: 'file', content: 'of another world' }]);
  await loadImage(
    await engine(),
    await imageArchive({ tag: FOREIGN, layers: [layer], architecture: 's390x' }),
  );
});

afterAll(async () => {
  await (await engine()).docker.getImage(FOREIGN).remove();
  await cli?.dispose();
});

/** Opens a folder of these files in vain: everything about it that is the same for all bad input is checked here. */
async function refused(files: WorkspaceFiles, options: CliOptions = {}): Promise<CliResult> {
  workspace = await makeWorkspace('bad-input', files);
  try {
    return await refusedFolder(workspace.folder, options);
  } finally {
    await workspace.dispose();
  }
}

async function refusedFolder(folder: string, options: CliOptions = {}): Promise<CliResult> {
  const result = await cli.run(['up', folder, '--json'], options);
  expect(result.json<{ error: { message: string } }>().error.message).not.toBe('');
  // What failed, what to do next, and no stack.
  expect(result.stderr).toMatch(/^bulkhead: \S/m);
  expect(result.stderr).toMatch(/^Next: \S/m);
  expect(result.stderr).not.toMatch(/^\s+at .+:\d+:\d+\)?$/m);
  expect(await tracesOf(machineId(folder))).toEqual([]);
  return result;
}

const settings = (text: string): WorkspaceFiles => ({ '.bulkhead.json': text });

test('malformed JSON: line and column', async () => {
  const { code, stderr } = await refused(settings('{\n  "cpus": 2,\n  "memory": "1gb\n}\n'));
  expect(code).toBe(2);
  expect(stderr).toMatch(/\.bulkhead\.json:3:13/);
});

test('an unknown key: where, and what was meant', async () => {
  const { code, stderr } = await refused(settings('{\n  "memroy": "1gb"\n}\n'));
  expect(code).toBe(2);
  expect(stderr).toMatch(/\.bulkhead\.json:2:3/);
  expect(stderr).toContain('"memory"');
});

test('a value that is none', async () => {
  const { code, stderr } = await refused(settings('{ "memory": "lots" }'));
  expect(code).toBe(2);
  expect(stderr).toMatch(/\.bulkhead\.json:1:13/);
  expect(stderr).toContain('memory');
});

test('several problems at once, each with its place', async () => {
  const { code, stderr } = await refused(settings('{\n  "cpus": 0,\n  "disk": 5,\n  "colour": 1\n}'));
  expect(code).toBe(2);
  for (const place of [':2:', ':3:', ':4:']) {
    expect(stderr).toContain(`.bulkhead.json${place}`);
  }
});

test('a Dockerfile that is not there', async () => {
  const { code, stderr } = await refused(settings('{ "build": { "dockerfile": "docker/Dockerfile" } }'));
  expect(code).toBe(2);
  expect(stderr).toContain('docker/Dockerfile');
});

test('a step of the build that fails: which, and its last words', async () => {
  const { code, stderr } = await refused({
    ...settings('{ "build": {} }'),
    Dockerfile: 'FROM debian:trixie-slim\nRUN true\nRUN echo nearly there; exit 9\n',
  });
  expect(code).toBe(1);
  expect(stderr).toContain('RUN echo nearly there; exit 9');
  expect(stderr).toMatch(/^ .*nearly there$/m);
  expect(stderr).toMatch(/\b9\b/);
});

test('a Dockerfile that is none', async () => {
  const { code, stderr } = await refused({
    ...settings('{ "build": {} }'),
    Dockerfile: 'FROM debian:trixie-slim\nRUNN true\n',
  });
  expect(code).toBe(2);
  expect(stderr).toMatch(/RUNN/i);
});

test('an image that does not exist', async () => {
  // Without a way to a registry nobody can know that it does not exist; that it is not here is certain.
  const { code, stderr } = await refused(settings('{ "image": "bulkhead-test/no-such-image:1" }'));
  expect([2, 3]).toContain(code);
  expect(stderr).toContain('bulkhead-test/no-such-image:1');
});

test('an image for another architecture', async () => {
  const { code, stderr } = await refused(settings(JSON.stringify({ image: FOREIGN })));
  expect(code).toBe(3);
  expect(stderr).toContain('s390x');
});

test('no Docker Engine', async () => {
  const env = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };
  const { code, stderr } = await refused({ 'README.md': 'nothing special' }, { env });
  expect(code).toBe(3);
  expect(stderr).toContain('/nowhere/docker.sock');
  expect(stderr).toContain('DOCKER_HOST');
});

test.each(['../Dockerfile', '/etc/passwd', 'a/../../Dockerfile'])(
  'a path that leaves the folder: %s',
  async (path) => {
    const { code, stderr } = await refused(settings(JSON.stringify({ build: { dockerfile: path } })));
    expect(code).toBe(2);
    expect(stderr).toMatch(/\.bulkhead\.json:1:\d+/);
  },
);

test('a symlink that leaves the folder', async () => {
  const linked = await makeWorkspace('linked', settings('{ "build": { "dockerfile": "out/Dockerfile" } }'));
  const outside = await makeWorkspace('outside', { Dockerfile: 'FROM debian:trixie-slim\n' });
  try {
    await symlink(outside.folder, join(linked.folder, 'out'));
    const { code, stderr } = await refusedFolder(linked.folder);
    expect(code).toBe(2);
    expect(stderr).toContain('out/Dockerfile');
  } finally {
    await linked.dispose();
    await outside.dispose();
  }
});

test('compose, until it comes: names the key', async () => {
  const { code, stderr } = await refused({
    '.devcontainer/devcontainer.json': '{\n  "dockerComposeFile": "compose.yml",\n  "service": "app"\n}',
  });
  expect(code).toBe(2);
  expect(stderr).toContain('dockerComposeFile');
});

test('a folder that is not there, or no folder', async () => {
  const { code, stderr } = await refusedFolder('/nowhere/at/all');
  expect(code).toBe(2);
  expect(stderr).toContain('/nowhere/at/all');
  expect((await refusedFolder('/etc/passwd')).code).toBe(2);
});
