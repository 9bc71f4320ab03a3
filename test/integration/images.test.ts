import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { bytesOf } from './fixtures/imageArchive';
import { TestMachine } from './fixtures/machine';
import type { WorkspaceFiles } from './fixtures/workspace';

const BUSYBOX = '/.bulkhead/bin/busybox';
const SMALL = { memory: '512mb', disk: '2gb' };

let machine: TestMachine | undefined;

afterEach(async () => {
  await machine?.dispose();
  machine = undefined;
});

/** One VM at a time: each test opens one, and it goes when the test ends. */
async function prepare(name: string, files: WorkspaceFiles): Promise<TestMachine> {
  machine = await TestMachine.prepare(name, { '.bulkhead.json': JSON.stringify(SMALL), ...files });
  return machine;
}

/** What OpenSSH's client shows when this is typed into a login shell on a terminal. */
async function typed(config: string, alias: string, lines: string): Promise<string> {
  const ssh = spawn('ssh', ['-tt', '-F', config, alias], {
    timeout: 60_000,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  ssh.stdin.end(lines);
  const [output] = await Promise.all([bytesOf(ssh.stdout), once(ssh, 'close')]);
  return output.toString();
}

test('an image with one file, no shell and a numeric user has the kit’s busybox', async () => {
  const vm = await prepare('one-file', {
    Dockerfile: 'FROM scratch\nCOPY hello.txt /greetings/hello.txt\nENV WORD=ahoy\nUSER 4242:4343\n',
    'hello.txt': 'hello\n',
    '.bulkhead.json': JSON.stringify({ build: {}, ...SMALL }),
  });
  const up = await vm.up();
  expect(up.warnings).toEqual([]);
  const listed = await vm.exec([BUSYBOX, 'ls', '/']);
  expect(listed.code).toBe(0);
  expect(listed.stdout.split('\n')).toEqual(
    expect.arrayContaining(['greetings', 'proc', 'tmp', 'workspaces']),
  );
  const whoami = await vm.exec([BUSYBOX, 'id']);
  expect(whoami.stdout).toContain('uid=4242 gid=4343');
  expect((await vm.exec([BUSYBOX, 'cat', '/greetings/hello.txt', 'hello.txt'])).stdout).toBe(
    'hello\nhello\n',
  );

  const output = await typed(
    up.ssh.config,
    up.ssh.alias,
    'echo "$WORD from $((40 + 2))"; ls -n hello.txt; exit 0\n',
  );
  expect(output).toContain('ahoy from 42');
  expect(output).toMatch(/4242 +4343 .* hello\.txt/);
});

test('an image with no files at all boots; a user that it lacks is root, with a warning', async () => {
  const vm = await prepare('no-files', {
    '.devcontainer/devcontainer.json': JSON.stringify({
      build: { dockerfile: 'Dockerfile' },
      remoteUser: 'ghost',
    }),
    '.devcontainer/Dockerfile': 'FROM scratch\nLABEL nothing=here\n',
  });
  const up = await vm.up();
  expect(up.user).toBe('root');
  expect(up.warnings.join('\n')).toContain('ghost');
  expect((await vm.exec([BUSYBOX, 'ls', '/'])).stdout.split('\n')).toContain('workspaces');
  expect((await vm.exec([BUSYBOX, 'id', '-u'])).stdout).toBe('0\n');
  expect(await typed(up.ssh.config, up.ssh.alias, 'echo "shell $SHELL"; exit 0\n')).toContain(
    `shell ${BUSYBOX}`,
  );
  await vm.bulkhead('stop');
  expect((await vm.up()).user).toBe('root');
});

test('lifecycle commands run in order, each when it should', async () => {
  const note = (word: string) => `echo ${word} >> /root/order; echo "said ${word}"`;
  const devcontainer = {
    image: 'debian:trixie-slim',
    containerEnv: { FLAVOUR: 'salt' },
    remoteEnv: { PATH: '${containerEnv:PATH}:/opt/more', TASTE: 'of ${containerEnv:FLAVOUR}' },
    onCreateCommand: note('create'),
    updateContentCommand: ['/bin/sh', '-c', note('update')],
    postCreateCommand: { one: note('post-create'), two: ['touch', '/root/side by side'] },
    postStartCommand: `${note('start')}; echo "$PATH $TASTE" > /root/environment`,
    postAttachCommand: note('attach'),
  };
  const file = '.devcontainer/devcontainer.json';
  const vm = await prepare('hooks', { [file]: JSON.stringify(devcontainer) });
  const order = () => vm.sh('cat /root/order').then((text) => text.split('\n'));

  await vm.up();
  const first = ['create', 'update', 'post-create', 'start', 'attach'];
  expect(await order()).toEqual(first);
  expect(await vm.sh('ls /root')).toContain('side by side');
  expect(await vm.sh('cat /root/environment')).toMatch(/\/usr\/bin\S*:\/opt\/more of salt$/);
  expect(await vm.sh('echo "$TASTE, $FLAVOUR"')).toBe('of salt, salt');
  expect((await vm.bulkhead('logs')).stdout).toContain('said post-create');

  await vm.up();
  expect(await order()).toEqual([...first, 'attach']);
  await vm.bulkhead('stop');
  await vm.up();
  expect(await order()).toEqual([...first, 'attach', 'start', 'attach']);

  await vm.workspace.write({
    [file]: JSON.stringify({ ...devcontainer, postAttachCommand: 'echo last words; exit 9' }),
  });
  const failed = await vm.cli.run(['up', vm.workspace.folder]);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain('postAttachCommand');
  expect(failed.stderr).toContain('last words');
  expect(failed.stderr).toMatch(/\b9\b/);
  // The machine is there for whoever has to find out why.
  expect(await vm.sh('echo alive')).toBe('alive');
});

test('a Feature of the folder’s own is in the image', async () => {
  const vm = await prepare('feature', {
    '.devcontainer/devcontainer.json': JSON.stringify({
      image: 'debian:trixie-slim',
      features: { './greeter': { word: 'ahoy' } },
    }),
    '.devcontainer/greeter/devcontainer-feature.json': JSON.stringify({
      id: 'greeter',
      version: '1.0.0',
      name: 'Greeter',
      options: { word: { type: 'string', default: 'hello' } },
      containerEnv: { GREETER: 'here' },
    }),
    '.devcontainer/greeter/install.sh': {
      content:
        '#!/bin/sh\nset -e\nprintf "#!/bin/sh\\necho %s\\n" "$WORD" > /usr/local/bin/greet\nchmod 755 /usr/local/bin/greet\n',
      mode: 0o755,
    },
  });
  await vm.up();
  expect(await vm.sh('greet; echo "$GREETER"')).toBe('ahoy\nhere');
});
