import { execFileSync } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { TestMachine } from '../../integration/fixtures/machine';
import { attack } from '../attack';
import { hostileRepository, NAMES } from './hostileRepository';

/** What the repo's programs would leave behind if one of them ran on this computer. */
let marks: string;
/** First in PATH of every command: programs that only say that they were called. */
let decoys: string;
let machine: TestMachine;
let opened: { stdout: string; stderr: string };

beforeAll(async () => {
  marks = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-marks-')));
  decoys = join(marks, 'decoys');
  await mkdir(decoys);
  const program = join(marks, 'evil');
  await writeFile(program, `#!/bin/sh\necho "$0 $*" >> ${join(marks, 'ran')}\nexit 1\n`);
  await chmod(program, 0o755);
  for (const name of [
    'git',
    'ssh',
    'docker',
    'sh',
    'bash',
    'node',
    'npm',
    'python3',
    'curl',
    'tar',
    'find',
    'grep',
    'rg',
    'code',
    'make',
  ]) {
    await writeFile(join(decoys, name), `#!/bin/sh\necho "${name} $*" >> ${join(marks, 'called')}\nexit 1\n`);
    await chmod(join(decoys, name), 0o755);
  }
  const mark = (what: string) => `touch ${join(marks, what)} || true`;
  machine = await TestMachine.prepare('hostile\u001b[31m folder', {
    '.devcontainer/devcontainer.json': JSON.stringify({
      image: 'debian:trixie-slim',
      initializeCommand: mark('initialize'),
      runArgs: ['--privileged', '--pid=host', '-v', `${marks}:/host`],
      mounts: [
        `source=${marks},target=/host,type=bind`,
        'source=/var/run/docker.sock,target=/var/run/docker.sock,type=bind',
      ],
      workspaceMount: `source=${marks},target=/host,type=bind`,
      privileged: true,
      capAdd: ['ALL'],
      securityOpt: ['seccomp=unconfined'],
      appPort: [8080],
      hostRequirements: { memory: '512mb', storage: '2gb' },
      containerEnv: { HOSTILE: '\u001b]0;title\u0007' },
      remoteEnv: { PATH_OF_HOST: '${localEnv:PATH}' },
      onCreateCommand: `${mark('on-create')}; printf '\\033]0;owned\\007\\033[2J\\033]52;c;aGVsbG8=\\007hook says hello\\n'; ls /host /var/run/docker.sock || true`,
      postCreateCommand: { 'a\u001b[1m': mark('post-create'), b: ['sh', '-c', mark('post-create-2')] },
      postStartCommand: ['sh', '-c', mark('post-start')],
      postAttachCommand: mark('post-attach'),
      customizations: {
        bulkhead: { cpus: 1, memory: '512mb', disk: '2gb' },
        vscode: { extensions: ['evil.evil'] },
      },
    }),
    '.vscode/tasks.json': JSON.stringify({
      tasks: [{ label: 'x', type: 'shell', command: program, runOptions: { runOn: 'folderOpen' } }],
    }),
    '.vscode/settings.json': JSON.stringify({ 'bulkhead.network.mode': 'full', 'git.path': program }),
    '.envrc': program,
    '.gitattributes': '* filter=evil diff=evil merge=evil\n',
    'README.md': 'hello\n',
  });
  const { folder } = machine.workspace;
  await hostileRepository(folder, program);
  await mkdir(join(folder, 'names'));
  for (const name of NAMES) {
    await writeFile(join(folder, 'names', name), `content of ${JSON.stringify(name)}`);
  }
  await writeFile(Buffer.concat([Buffer.from(`${folder}/names/raw-`), Buffer.from([0xff, 0xc3])]), 'x');
  await symlink('/etc/shadow', join(folder, 'names/absolute'));
  await symlink('../../..', join(folder, 'names/up'));
  await symlink('loop', join(folder, 'names/loop'));
  execFileSync('mkfifo', [join(folder, 'names/fifo')]);
  execFileSync('ln', [join(folder, 'README.md'), join(folder, 'names/hard')]);
  let deep = join(folder, 'deep');
  while (deep.length < 3_500) {
    deep = join(deep, 'd'.repeat(100));
  }
  await mkdir(deep, { recursive: true });
  await writeFile(join(deep, 'bottom'), 'x');
  // Decoys for whoever looks for a program in the current folder.
  for (const name of ['git', 'ssh', 'node', 'docker']) {
    await writeFile(join(folder, name), `#!/bin/sh\nexec ${program} ${name}\n`);
    await chmod(join(folder, name), 0o755);
  }
  opened = await machine.cli.ok(['up', folder, '--json'], hostile());
});
afterAll(async () => {
  await machine?.dispose();
  await rm(marks, { recursive: true, force: true });
});

/** In the hostile folder, with a PATH that looks there first: what a careless user has, and Windows always does. */
function hostile() {
  return { cwd: machine.workspace.folder, env: { PATH: `.:${decoys}` } };
}

/** What the repo's programs have left on this computer. */
async function ran(): Promise<string[]> {
  return (await readdir(marks)).filter((name) => !['decoys', 'evil'].includes(name));
}

attack(
  {
    id: 'repo-host-commands',
    from: 'repository',
    tries:
      'initializeCommand, runArgs, mounts of the host and of the Engine’s socket, privileged, tasks on folder open, .envrc: each would leave a mark on this computer.',
    holds:
      'Nothing ran here and nothing of the host is in the VM: what would is left out with a warning that names it; the hooks ran in the guest.',
    promise: 'no-host-commands',
  },
  async () => {
    expect(await ran()).toEqual([]);
    for (const key of ['initializeCommand', 'runArgs', 'mounts', 'privileged', 'capAdd', 'securityOpt']) {
      expect(opened.stdout + opened.stderr).toContain(key);
    }
    expect(await machine.sh(`[ -e /host ] || [ -e /var/run/docker.sock ] || echo neither`)).toBe('neither');
    // The hooks ran, and where they should: their marks are in the guest, if the folder is there.
    expect(await machine.sh(`echo "\${PATH_OF_HOST-unset}"`)).not.toContain(decoys);
    return 'no mark on this computer, no mount in the VM';
  },
);

attack(
  {
    id: 'repo-escapes',
    from: 'repository',
    tries:
      'Escape sequences (title, clear, clipboard) in the folder’s name, in hook names, in the hooks’ output and in names of files, to the terminal, --json and the log.',
    holds: 'What people see has none: printable text in the terminal and in the log, escaped in JSON.',
    promise: 'hostile-input',
  },
  async () => {
    const { id, cli } = machine;
    const said = [opened.stdout, opened.stderr];
    // Changes in the VM, one with a name like that: what `rm` and `pull` then name, and why `rm` removes nothing.
    const change = 'echo changed > README.md; echo new > "$1"';
    expect((await machine.exec(['sh', '-c', change, 'sh', '\u001b[31mnew\u202e\nname'])).code).toBe(0);
    for (const args of [
      ['ls'],
      ['ls', '--json'],
      ['logs', id],
      ['rm', id],
      ['pull', id],
      ['pull', id, '--json'],
      ['config', machine.workspace.folder],
      ['ports', id],
    ]) {
      const { stdout, stderr } = await cli.run(args, hostile());
      said.push(stdout, stderr);
    }
    const all = said.join('\n');
    expect(all).toContain('hook says hello');
    expect(all).toContain('README.md');
    const found = /(?![\n\t\r])[\p{Cc}\p{Bidi_Control}]/u.exec(all);
    expect(found && JSON.stringify(all.slice(Math.max(0, found.index - 200), found.index + 40))).toBeNull();
    return `${all.length} characters, none unprintable`;
  },
);

attack(
  {
    id: 'repo-git-settings',
    from: 'repository',
    tries:
      'fsmonitor, sshCommand, hooks, filters, textconv, aliases, includes, submodules and remotes that are programs, .git as a file and as a link; "git", "ssh" and "node" in the folder and first in PATH.',
    holds:
      'No command of Bulkhead starts any of it on this computer: git for search and source control runs in the VM, and programs here are started elsewhere.',
    promise: 'tools-in-guest',
  },
  async () => {
    const { id, cli, workspace } = machine;
    const commands = [
      ['up', workspace.folder],
      ['exec', id, '--', 'true'],
      ['cp', `${id}:${await machine.sh('pwd')}/README.md`, `${marks}/copied`],
      ['cp', join(workspace.folder, 'names'), `${id}:/tmp`],
      ['ports', id],
      ['pull', id],
      ['pull', id, '--commits'],
      ['rm', id],
      ['doctor'],
      ['ssh-config', id],
      ['stats', id],
      ['config', workspace.folder],
    ];
    for (const args of commands) {
      await cli.run(args, hostile());
    }
    await rm(join(marks, 'copied'), { recursive: true, force: true });
    const called = await readFile(join(marks, 'called'), 'utf8').catch(() => '');
    await rm(join(marks, 'called'), { force: true });
    // `ssh -V` says what OpenSSH this computer has; `index-pack` and `rev-list` read what the guest sent, in a folder of our own.
    expect(
      called.split('\n').filter((line) => !/^(?:ssh -V|git (?:index-pack|rev-list) .*|)$/.test(line)),
    ).toEqual([]);
    expect(await ran()).toEqual([]);
    return `${commands.length} commands, nothing ran; found in PATH: ${[...new Set(called.trim().split('\n'))].join(', ') || 'nothing'}`;
  },
);

attack(
  {
    id: 'repo-file-names',
    from: 'repository',
    tries:
      'Names with newlines, escapes, direction marks, dashes, quotes, 255 bytes and broken UTF-8; links to /etc/shadow, upwards and in circles; FIFOs; a path of 3,500 bytes.',
    holds:
      'They arrive byte for byte, links as links, the rest is named as left out; comparing finds no difference.',
    promise: 'copy-of-folder',
  },
  async () => {
    for (const name of NAMES) {
      const { stdout } = await machine.exec(['cat', '--', `names/${name}`]);
      expect(stdout, JSON.stringify(name)).toBe(`content of ${JSON.stringify(name)}`);
    }
    expect(
      await machine.sh(
        'readlink names/absolute names/up names/loop; find deep -name bottom | wc -l; ls -d names/fifo 2> /dev/null || echo no fifo',
      ),
    ).toBe('/etc/shadow\n../../..\nloop\n1\nno fifo');
    const warnings =
      (JSON.parse(opened.stdout) as { warnings?: string[] }).warnings?.join('\n') ?? opened.stderr;
    expect(warnings).toMatch(/fifo/);
    expect(warnings).toMatch(/raw-/);
    return `${NAMES.length} names, links, and a path of ${Buffer.byteLength(dirname(machine.workspace.folder)) + 3_500} bytes`;
  },
);

attack(
  {
    id: 'repo-too-large',
    from: 'repository',
    tries:
      'A sparse file of 2^40 bytes in the folder, to fill the VM’s disk and keep the upload busy for days.',
    holds: 'Refused before the first byte, with both sizes and what to do.',
    promise: 'bounded-use',
  },
  async () => {
    const folder = join(marks, 'large');
    await mkdir(folder);
    await writeFile(
      join(folder, '.bulkhead.json'),
      JSON.stringify({
        image: 'debian:trixie-slim',
        cpus: 1,
        memory: '512mb',
        disk: '2gb',
        network: { mode: 'none' },
      }),
    );
    await writeFile(join(folder, 'huge'), '');
    await truncate(join(folder, 'huge'), 2 ** 40);
    try {
      const { code, stderr } = await machine.cli.run(['up', folder, '--json']);
      expect(code).toBe(2);
      expect(stderr).toMatch(/\b10995116\d{5} bytes/);
      expect(stderr).toContain('workspace.exclude');
      return stderr.split('\n').find((line) => line.includes('bytes')) ?? '';
    } finally {
      const machines = (await machine.cli.ok(['ls', '--json'])).lines<{ id: string; folder: string }>();
      for (const { id } of machines.filter((each) => each.folder === folder)) {
        await machine.cli.remove(id);
      }
      await rm(folder, { recursive: true });
    }
  },
  { timeoutMs: 240_000 },
);
