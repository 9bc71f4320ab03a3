import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BulkheadError } from '../../../src/core/errors';
import { readWorkspace } from '../../../src/settings/readWorkspace';
import { settingsError, workspace } from './workspaceFixture';

const GIB = 1024 ** 3;

describe('readWorkspace', () => {
  it('gives a bare folder the defaults', async () => {
    const folder = await workspace();
    expect(await readWorkspace(folder)).toEqual({
      folder,
      name: 'app',
      image: { kind: 'image', reference: 'debian:trixie-slim' },
      cpus: 2,
      memoryBytes: 2 * GIB,
      diskBytes: 20 * GIB,
      accelerator: 'auto',
      network: {
        mode: 'allowlist',
        modeBy: 'settings',
        modeWithoutGrant: 'allowlist',
        allow: [],
        allowedBy: {},
        presets: [],
      },
      workspace: { mode: 'copy', readOnly: false, exclude: [] },
      attach: 'files',
      forwardPorts: [],
      ssh: { forwardAgent: false },
      credentials: { git: [], env: [] },
      onClose: 'suspend',
      idleTimeoutMs: 1_800_000,
      containerEnv: {},
      remoteEnv: {},
      workspaceFolder: '/workspaces/app',
      hooks: {},
      sources: [],
      warnings: [],
      asks: [],
      withheld: [],
    });
  });

  it('takes the command line over .bulkhead.json over customizations over devcontainer.json over the user', async () => {
    const folder = await workspace({
      '.bulkhead.json': '{"cpus": 3, "memory": "3gb", "idleTimeout": "never"}',
      '.devcontainer/devcontainer.json': {
        image: 'node:22',
        remoteUser: 'node',
        customizations: { bulkhead: { cpus: 5, memory: '5gb', disk: '5gb', forwardPorts: [5] } },
        forwardPorts: [6],
      },
    });
    const spec = await readWorkspace(folder, {
      overrides: { cpus: 1 },
      grants: { now: 'all' },
      defaults: {
        cpus: 9,
        memory: '9gb',
        disk: '9gb',
        onClose: 'stop',
        defaultImage: 'alpine',
        accelerator: '',
      },
    });
    expect(spec).toMatchObject({
      cpus: 1,
      memoryBytes: 3 * GIB,
      diskBytes: 5 * GIB,
      forwardPorts: [5],
      onClose: 'stop',
      accelerator: 'auto',
      image: { kind: 'image', reference: 'node:22' },
      remoteUser: 'node',
      sources: [join(folder, '.bulkhead.json'), join(folder, '.devcontainer/devcontainer.json')],
    });
    expect(spec).not.toHaveProperty('idleTimeoutMs');
  });

  it("takes the user's defaults nested or dotted, ignores other settings, and checks those it takes", async () => {
    const folder = await workspace();
    const defaults = {
      'network.mode': 'full',
      defaultImage: 'alpine:3',
      somethingElse: 1,
      build: {},
      disk: null,
    };
    expect(await readWorkspace(folder, { defaults })).toMatchObject({
      network: { mode: 'full' },
      image: { reference: 'alpine:3' },
    });
    const error = await settingsError(readWorkspace(folder, { defaults: { memory: 'lots' } }));
    expect(error.message).toContain('user settings: memory: "lots" is not a size');
  });

  it("takes hostRequirements as a floor for the user's defaults", async () => {
    const folder = await workspace({
      '.devcontainer.json': { hostRequirements: { cpus: 4, memory: '4gb' } },
    });
    expect(await readWorkspace(folder, { defaults: { cpus: 8 } })).toMatchObject({
      cpus: 8,
      memoryBytes: 4 * GIB,
    });
  });

  it.each([
    ['Dockerfile', '.', { dockerfile: 'Dockerfile' }],
    ['docker/Dockerfile.dev', 'docker', { dockerfile: 'docker/Dockerfile.dev', context: 'docker' }],
    ['docker/Dockerfile', 'docker', { context: 'docker', args: { A: '1' }, target: 'dev' }],
  ])('resolves a build with %s', async (dockerfile, context, build) => {
    const folder = await workspace({ [dockerfile]: 'FROM x', '.bulkhead.json': { build } });
    const { image } = await readWorkspace(folder);
    expect(image).toMatchObject({
      kind: 'build',
      dockerfile: join(folder, dockerfile),
      context: join(folder, context),
    });
  });

  it('resolves the build of devcontainer.json relative to that file, in both spellings', async () => {
    const files = { Dockerfile: 'FROM x', '.devcontainer/Dockerfile': 'FROM y' };
    const build = async (config: object) => {
      const folder = await workspace({ ...files, '.devcontainer/devcontainer.json': config });
      return { folder, image: (await readWorkspace(folder)).image };
    };
    const near = await build({ build: { dockerfile: 'Dockerfile', target: 't' } });
    expect(near.image).toMatchObject({
      dockerfile: join(near.folder, '.devcontainer/Dockerfile'),
      context: join(near.folder, '.devcontainer'),
      target: 't',
    });
    const up = await build({ build: { dockerfile: '../Dockerfile', context: '..' } });
    expect(up.image).toMatchObject({ dockerfile: join(up.folder, 'Dockerfile'), context: up.folder });
    const old = await build({ dockerFile: '../Dockerfile', context: '..' });
    expect(old.image).toMatchObject({ dockerfile: join(old.folder, 'Dockerfile'), context: old.folder });
  });

  it('leaves an image with Features to @devcontainers/cli, after checking what that would read', async () => {
    const features = { 'ghcr.io/devcontainers/features/git:1': {}, './local': {} };
    const folder = await workspace({ '.devcontainer.json': { image: 'x', features } });
    expect((await readWorkspace(folder)).image).toEqual({
      kind: 'devcontainer',
      configFile: join(folder, '.devcontainer.json'),
    });
  });

  it.each([
    [{ features: { a: {} } }, 'features: Features need an image'],
    [{ image: 'x', features: { '../../evil': {} } }, 'may lead out of the workspace'],
    [{ image: 'x', features: { './../../evil': {} } }, 'may lead out of the workspace'],
    [{ image: 'x', features: { '/etc': {} } }, 'may lead out of the workspace'],
    [
      { build: { dockerfile: 'Dockerfile', context: '..' }, features: { a: {} } },
      '".." leads out of the workspace',
    ],
    [
      { build: { dockerfile: 'Dockerfile', options: ['--secret=id=x,src=/k'] }, features: { a: {} } },
      "build.options: can't be used with Features",
    ],
    [
      { dockerComposeFile: 'compose.yml', service: 'app' },
      'dockerComposeFile: Docker Compose is not supported yet',
    ],
    [{ build: { dockerfile: 'None' } }, 'build.dockerfile: "None" does not exist'],
    [{ dockerFile: '../Dockerfile' }, 'dockerFile: "../Dockerfile" leads out of the workspace'],
  ])('refuses the devcontainer.json %j', async (config, expected) => {
    const folder = await workspace({ '.devcontainer.json': config, Dockerfile: 'FROM x' });
    expect((await settingsError(readWorkspace(folder))).message).toContain(expected);
  });

  it('lets .bulkhead.json name the image where devcontainer.json can not, and says what that leaves out', async () => {
    const folder = await workspace({
      '.bulkhead.json': '{"image": "debian:trixie-slim"}',
      '.devcontainer.json': { dockerComposeFile: 'compose.yml', remoteUser: 'node', features: { a: {} } },
    });
    const spec = await readWorkspace(folder);
    expect(spec).toMatchObject({ image: { reference: 'debian:trixie-slim' }, remoteUser: 'node' });
    expect(spec.warnings).toEqual([
      'features of devcontainer.json is left out: the image is named elsewhere.',
    ]);
  });

  it('finds devcontainer.json in a folder of .devcontainer/, if there is only one', async () => {
    const folder = await workspace({ '.devcontainer/py/devcontainer.json': { image: 'python:3' } });
    expect((await readWorkspace(folder)).image).toEqual({ kind: 'image', reference: 'python:3' });
    await mkdir(join(folder, '.devcontainer/js'));
    await writeFile(join(folder, '.devcontainer/js/devcontainer.json'), '{}');
    expect((await settingsError(readWorkspace(folder))).message).toContain('several folders here');
    await writeFile(join(folder, '.bulkhead.json'), '{"image": "x"}');
    expect((await readWorkspace(folder)).image).toEqual({ kind: 'image', reference: 'x' });
  });

  it('points at a Dockerfile that nobody named', async () => {
    const folder = await workspace({ Dockerfile: 'FROM x' });
    expect((await readWorkspace(folder)).warnings.join()).toContain('The Dockerfile here is not used');
  });
});

it.each([['{"attach": "browser"}'], ['{"attach": "remote-ssh"}']])('refuses %s', async (text) => {
  const error = await settingsError(readWorkspace(await workspace({ '.bulkhead.json': text })));
  expect(error).toMatchObject({ kind: 'usage', exitCode: 2 });
  expect(error.message).toContain('is not supported yet');
});

describe('hostile folders', () => {
  it.each([
    ['.bulkhead.json'],
    ['.devcontainer.json'],
    ['.devcontainer/devcontainer.json'],
    ['.devcontainer/x/devcontainer.json'],
  ])('refuses a %s that is a symlink out of the workspace, and shows nothing of it', async (path) => {
    const folder = await workspace();
    const secret = join(folder, '../secret');
    await writeFile(secret, 'hunter2');
    await mkdir(join(folder, path, '..'), { recursive: true });
    await symlink(secret, join(folder, path));
    const error = await settingsError(readWorkspace(folder));
    expect(error.details).toContain('is a symlink that leads out of the workspace');
    expect(error.details).not.toContain('hunter2');
  });

  it('refuses a .devcontainer that is a symlink out of the workspace', async () => {
    const folder = await workspace();
    await mkdir(join(folder, '../outside'));
    await symlink('../outside', join(folder, '.devcontainer'));
    expect((await settingsError(readWorkspace(folder))).message).toContain('leads out of the workspace');
    await writeFile(join(folder, '../outside/devcontainer.json'), '{}');
    expect((await settingsError(readWorkspace(folder))).message).toContain('leads out of the workspace');
  });

  it('follows a symlink that stays inside', async () => {
    const folder = await workspace({ 'config/b.json': '{"cpus": 7}' });
    await symlink('config/b.json', join(folder, '.bulkhead.json'));
    expect((await readWorkspace(folder)).cpus).toBe(7);
  });

  it.each([
    [{ dockerfile: '../Dockerfile' }, 'build.dockerfile: "../Dockerfile" leads out of the workspace'],
    [{ dockerfile: '/etc/passwd' }, 'build.dockerfile: "/etc/passwd" is an absolute path'],
    [{ dockerfile: 'C:\\x' }, 'is an absolute path'],
    [{ dockerfile: 'link' }, 'build.dockerfile: "link" leads out of the workspace'],
    [{ dockerfile: 'a/../../app-2/Dockerfile' }, 'leads out of the workspace'],
    [{ context: '..' }, 'build.context: ".." leads out of the workspace'],
    [{ context: 'out' }, 'build.context: "out" leads out of the workspace'],
    [{ context: 'Dockerfile' }, 'build.context: "Dockerfile" is not a folder'],
    [{ dockerfile: 'sub' }, 'build.dockerfile: "sub" is not a regular file'],
    [{ context: 'sub' }, 'build: "sub/Dockerfile" does not exist'],
    [{}, ''],
  ])('checks where the paths of %j lead', async (build, expected) => {
    const folder = await workspace({ Dockerfile: 'FROM x', 'sub/file': '', '.bulkhead.json': { build } });
    await symlink('/etc/passwd', join(folder, 'link'));
    await symlink('/etc', join(folder, 'out'));
    if (expected === '') {
      expect((await readWorkspace(folder)).image.kind).toBe('build');
    } else {
      expect((await settingsError(readWorkspace(folder))).message).toContain(expected);
    }
  });

  it('does not wait for a FIFO, and takes only a regular, small, UTF-8 file', async () => {
    const folder = await workspace();
    const path = join(folder, '.bulkhead.json');
    execFileSync('mkfifo', [path]);
    expect((await settingsError(readWorkspace(folder))).message).toContain('is not a regular file');
    const other = await workspace({ '.bulkhead.json': `{}${' '.repeat(1024 ** 2)}` });
    expect((await settingsError(readWorkspace(other))).message).toContain('is larger than 1 MiB');
    const third = await workspace();
    await writeFile(join(third, '.bulkhead.json'), Buffer.from('fffe7b007d00', 'hex'));
    expect((await settingsError(readWorkspace(third))).message).toContain('is not UTF-8 text');
    await writeFile(join(third, '.bulkhead.json'), '\ufeff{"cpus": 3}');
    expect((await readWorkspace(third)).cpus).toBe(3);
  });

  it('collects the problems of all sources', async () => {
    const folder = await workspace({
      '.bulkhead.json': '{"a": 1, "memory": "lots"}',
      '.devcontainer.json': { remoteUser: 'a b' },
    });
    const error = await settingsError(readWorkspace(folder, { overrides: { cpus: 0 } }));
    expect(error.problems.map(({ key }) => key)).toEqual(['cpus', 'a', 'memory', 'remoteUser']);
    expect(error.details?.split('\n')).toHaveLength(4);
  });

  it('keeps at most 100 problems', async () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, 1]));
    const error = await settingsError(readWorkspace(await workspace({ '.bulkhead.json': many })));
    expect(error.problems).toHaveLength(100);
    expect(error.details).toContain('and 4900 more');
  });
});

describe('the folder itself', () => {
  it('must exist and be a folder', async () => {
    const folder = await workspace({ file: '' });
    for (const path of [join(folder, 'none'), join(folder, 'file')]) {
      await expect(readWorkspace(path)).rejects.toMatchObject({
        kind: 'usage',
        next: 'Name a folder that exists.',
      });
    }
  });

  it('is taken by its real path, and gives the guest a sound name', async () => {
    const folder = await workspace();
    const odd = join(folder, "it's a $(test)\n");
    await mkdir(odd);
    await symlink(odd, join(folder, 'link'));
    expect(await readWorkspace(join(folder, 'link'))).toMatchObject({
      folder: odd,
      workspaceFolder: '/workspaces/it-s-a-test',
    });
  });

  it('is not read once cancelled', async () => {
    await expect(readWorkspace(await workspace(), { signal: AbortSignal.abort() })).rejects.toSatisfy(
      (error) => error instanceof BulkheadError && error.kind === 'cancelled',
    );
  });
});
