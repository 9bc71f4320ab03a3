import { execFile } from 'node:child_process';
import { lstat, mkdir, readdir, readFile, readlink, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { delay } from '../../src/core/deadline';
import type { MachineInfo } from '../../src/machine/hypervisor';
import { execOutput } from '../../src/machine/kvm/containerExec';
import { containerOf, engine, TestMachine, tracesOf } from './fixtures/machine';
import { bareImage } from './fixtures/workspace';

/** The folder belongs to an account of this computer, commands run as an account of the image: two that differ. */
const OWNER = 1000;
const GUEST_USER = 'www-data';
const GUEST_UID = 33;

let machine: TestMachine;
let folder: string;
let outside: string;

beforeAll(async () => {
  machine = await TestMachine.prepare('mount', {
    ...bareImage({ cpus: 1 }),
    '.devcontainer.json': JSON.stringify({ remoteUser: GUEST_USER }),
    '.git/config': '[core]\n',
    '.git/hooks/sample': 'echo sample\n',
    '.vscode/tasks.json': '{}',
    'app.code-workspace': '{}',
    'src/a.txt': 'from the host\n',
    'nested/.git/config': '[core]\n',
    'nested/.vscode/tasks.json': '{}',
    'fixture/HEAD': 'ref: refs/heads/main\n',
    'fixture/config': '[core]\n',
  });
  folder = machine.workspace.folder;
  outside = join(dirname(folder), 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'secret'), 'secret of the host\n');
  await symlink(join(outside, 'secret'), join(folder, 'link'));
  await symlink('../outside', join(folder, 'up'));
  await promisify(execFile)('chown', ['-Rh', `${OWNER}:${OWNER}`, folder]);
});

afterAll(() => machine?.dispose());

/** All that a folder of the host holds: kind, mode, owner and content of each entry. */
async function snapshot(path: string): Promise<Record<string, string>> {
  const entries: Record<string, string> = {};
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    const whole = join(entry.parentPath, entry.name);
    const { mode, uid } = await lstat(whole);
    const content = entry.isFile()
      ? await readFile(whole, 'utf8')
      : entry.isSymbolicLink()
        ? await readlink(whole)
        : '';
    entries[whole] = `${mode.toString(8)} ${uid} ${content}`;
  }
  return entries;
}

/** Runs each line as a shell script of the guest's root in the mounted folder; returns those that succeed. */
async function succeeding(attempts: string[]): Promise<string[]> {
  return tried(attempts.map((line) => `cd /workspaces/mount\n${line}`));
}

/** The same in a copy that is the guest's own, for knowing that an attempt does what it says. */
async function succeedingInCopy(attempts: string[]): Promise<string[]> {
  return tried(attempts.map((line) => `rm -rf /c; cp -a /workspaces/mount /c; cd /c\n${line}`));
}

async function tried(scripts: string[]): Promise<string[]> {
  const tries = scripts.map((line, index) => `(${line}\n) > /dev/null 2>&1 && echo ${index} || :`);
  const said = await machine.sh(tries.join('\n'), ['--user', 'root']);
  return said
    .split('\n')
    .filter(Boolean)
    .map((index) => scripts[Number(index)]?.split('\n').slice(1).join('\n') ?? index);
}

const info = async (): Promise<MachineInfo> => {
  const found = (await machine.cli.ok(['ls', '--json'])).lines<MachineInfo>();
  const own = found.find(({ id }) => id === machine.id);
  if (!own) {
    throw new Error('the machine is not listed');
  }
  return own;
};

async function inShare(script: string): Promise<string> {
  const container = (await engine()).docker.getContainer(`bulkhead-share-${machine.id}`);
  const options = { what: script, ms: 30_000 };
  return (await execOutput(await engine(), container, ['/bin/bash', '-euc', script], options)).trim();
}

async function restart(flag: string): Promise<void> {
  await machine.bulkhead('stop');
  await machine.up(flag);
}

test('a machine with a copy has nothing of the host mounted, and its work is its own', async () => {
  await machine.up();
  expect(await info()).toMatchObject({ workspaceMode: 'copy' });
  await machine.sh('echo in the copy > only-in-copy');
  expect(await shareTraces()).toEqual([]);
});

describe('mounted read-only', () => {
  let before: Record<string, string>;

  beforeAll(async () => {
    before = await snapshot(dirname(folder));
    await restart('--mount');
  });

  test('the guest sees the folder as it is, as its own account’s, and not the copy', async () => {
    expect(await info()).toMatchObject({ workspaceMode: 'mount', readOnly: true });
    expect(await machine.sh('cat src/a.txt; stat -c %u src/a.txt; ls')).toBe(
      `from the host\n${GUEST_UID}\napp.code-workspace\nfixture\nlink\nnested\nsrc\nup`,
    );
    await writeFile(join(folder, 'src/a.txt'), 'changed on the host\n');
    for (const until = Date.now() + 30_000; Date.now() < until; await delay(200)) {
      if ((await machine.sh('cat src/a.txt')) === 'changed on the host') {
        break;
      }
    }
    expect(await machine.sh('cat src/a.txt')).toBe('changed on the host');
    await writeFile(join(folder, 'src/a.txt'), 'from the host\n');
  });

  test('what serves it has no capability, no network, and the folder read-only; the VMM has no folder at all', async () => {
    const status = await inShare("grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/1/status");
    expect(Object.fromEntries(status.split('\n').map((line) => line.split(/:\s+/)))).toEqual({
      Uid: `${OWNER}\t${OWNER}\t${OWNER}\t${OWNER}`,
      CapEff: '0000000000000000',
      CapBnd: '0000000000000000',
      NoNewPrivs: '1',
      Seccomp: '2',
    });
    expect(await inShare("sed -n 's/^ *\\([^ ]*\\):.*/\\1/p' /proc/net/dev")).toBe('lo');
    expect(
      await inShare('for f in /share/x /share/src/x /x /etc/x; do (: > $f) 2> /dev/null && echo $f; done; :'),
    ).toBe('');
    const vmm = await (await containerOf(machine.id)).inspect();
    expect(vmm.Mounts.filter(({ Type }) => Type === 'bind')).toEqual([]);
    expect(vmm.Mounts.find(({ Destination }) => Destination === '/run/bulkhead-share')?.RW).toBe(false);
  });

  test('names that only a tampered guest kernel sends lead nowhere', async () => {
    // What virtiofsd would do with them: openat2(folder, "..", O_PATH), with and without the library that it has preloaded.
    const lookup = `opendir(my $d, "/share/src"); my ($n, $how) = ($ARGV[0], pack("QQQ", 0x200000, 0, 0));
      exit(syscall(437, fileno($d), $n, $how, 24) < 0 ? 1 : 0)`;
    const opens = (preload: string, name: string) =>
      inShare(
        `if LD_PRELOAD=${preload} perl -e '${lookup}' ${name}; then echo opened; else echo refused; fi`,
      );
    for (const name of ['..', '../../etc/passwd', '../nested']) {
      expect([name, await opens('', name)]).toEqual([name, 'opened']);
      expect([name, await opens('/usr/lib/bulkhead/guard.so', name)]).toEqual([name, 'refused']);
    }
    expect(await opens('/usr/lib/bulkhead/guard.so', 'a.txt')).toBe('opened');
  });

  test('root in the guest can’t change it by any means tried', async () => {
    const attempts = [
      'echo x > new',
      'echo x >> src/a.txt',
      'truncate -s 0 src/a.txt',
      'rm src/a.txt',
      'mv src src2',
      'mkdir d',
      'ln -s /etc s',
      'ln src/a.txt hard',
      'mknod dev b 254 0',
      'mkfifo fifo',
      'chmod 4777 src/a.txt',
      'chown 0 src/a.txt',
      'touch -d 2001-01-01 src/a.txt',
      `perl -e 'my ($f, $n, $v) = ("src/a.txt", "user.x", "1"); exit(syscall(188, $f, $n, $v, 1, 0) == 0 ? 0 : 1)'`,
    ];
    expect(await succeedingInCopy(attempts)).toEqual(attempts);
    expect(await succeeding(attempts)).toEqual([]);
    // The guest's own mount is the guest's: it may be writable again, and what it leads to is not.
    await machine.sh('mount -o remount,rw /workspaces/mount', ['--user', 'root']);
    expect(await succeeding(attempts)).toEqual([]);
    await machine.sh('mkdir -p /m && mount -t virtiofs workspace /m || true', ['--user', 'root']);
    expect(await succeeding(['echo x > /m/src/a.txt', 'rm /m/src/a.txt'])).toEqual([]);
    expect(await snapshot(dirname(folder))).toEqual(before);
  });

  test('it can’t be suspended, and says what to do', async () => {
    const refused = await machine.cli.run(['suspend', machine.id]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/mounted folder.*can't be suspended[\s\S]*bulkhead stop/);
    expect((await info()).state).toBe('running');
  });

  test('there is nothing to bring back, and `pull` says so', async () => {
    const refused = await machine.cli.run(['pull', machine.id]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/the folder itself, not a copy/);
  });

  test('what the copy would lose is not called nothing', async () => {
    const refused = await machine.cli.run(['rm', machine.id]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(/copy/);
  });
});

describe('mounted read-write', () => {
  let before: Record<string, string>;

  beforeAll(async () => {
    before = await snapshot(outside);
    await restart('--mount-write');
  });

  test('what the guest writes is on the host, the folder’s owner’s, whoever wrote it', async () => {
    expect(await info()).toMatchObject({ workspaceMode: 'mount', readOnly: false });
    await machine.sh('echo by the user > src/user && mkdir src/d');
    await machine.sh('cd /workspaces/mount; echo by root > src/root; chown 7:7 src/root', ['--user', 'root']);
    for (const name of ['user', 'root', 'd']) {
      const { uid, gid } = await lstat(join(folder, 'src', name));
      expect([name, uid, gid]).toEqual([name, OWNER, OWNER]);
    }
    expect(await readFile(join(folder, 'src/root'), 'utf8')).toBe('by root\n');
  });

  test('files larger than the guest’s memory pass, and what serves them stays within its own', async () => {
    await machine.sh('dd if=/dev/zero of=src/big bs=1M count=600 2> /dev/null; cat src/big > /dev/null');
    expect((await lstat(join(folder, 'src/big'))).size).toBe(600 * 2 ** 20);
    await machine.sh('rm src/big');
    expect(await info()).not.toHaveProperty('reason');
  });

  test('what git, editors and CI obey stays as it is, and can’t be made where it is missing', async () => {
    const guarded = [
      '.git',
      '.vscode',
      '.devcontainer.json',
      '.bulkhead.json',
      'app.code-workspace',
      'nested/.git',
      'nested/.vscode',
      'fixture',
    ];
    const kept = async () => Promise.all(guarded.map((name) => snapshotOf(join(folder, name))));
    const was = await kept();
    const files = [
      '.git/config',
      '.vscode/tasks.json',
      '.bulkhead.json',
      'app.code-workspace',
      'nested/.git/config',
      'nested/.vscode/tasks.json',
      'fixture/config',
    ];
    const attempts = [
      ...files.flatMap((file) => [
        `echo x > ${file}`,
        `truncate -s 0 ${file}`,
        `rm ${file}`,
        `mv ${file} moved`,
        `ln ${file} hard && echo x > hard`,
        `chmod 777 ${file}`,
        `touch -d 2001-01-01 ${file}`,
        `echo x > src/over && mv src/over ${file}`,
      ]),
      ...['.git/hooks/pre-commit', '.git/commondir', '.git/info/attributes', 'nested/.git/hooks/x'].map(
        (path) => `mkdir -p ${dirname(path)}; echo x > ${path}`,
      ),
      'mv .git git2',
      'mv nested/.git nested/git2',
      'mv .vscode v2',
      'rm -rf .vscode',
      'mkdir .idea',
      'mkdir -p src/x && mkdir src/x/.devcontainer',
      'mkdir -p src/w && echo x > src/w/evil.code-workspace',
      'mkdir -p fixture/hooks && echo x > fixture/hooks/post-checkout',
      'mkdir .VSCode',
      'mkdir .github',
      'echo x > .envrc',
      'echo x > evil.code-workspace',
      'ln -s src .husky',
      'ln src/a.txt .gitlab-ci.yml',
      'mkdir -p src/x && mv src/x .circleci',
      'mkdir -p src/y/.git',
      'mkdir -p src/y && mkdir src/z && mv src/z src/y/.git',
      'mkdir -p src/y && echo gitdir: /evil > src/y/.git',
      'mkdir -p bare/objects bare/refs && echo ref: refs/heads/main > bare/HEAD',
      // renameat2(AT_FDCWD, "src", AT_FDCWD, ".vscode", RENAME_EXCHANGE)
      `perl -e 'my ($a, $b) = ("src", ".vscode"); exit(syscall(316, -100, $a, -100, $b, 2) == 0 ? 0 : 1)'`,
    ];
    expect(await succeedingInCopy(attempts)).toEqual(attempts);
    expect(await succeeding(attempts)).toEqual([]);
    expect(await kept()).toEqual(was);
    // Packages bring settings of their own. A folder of them can be moved out only as a copy, which leaves those behind.
    const packages =
      'rm -rf node_modules q; mkdir -p node_modules/p/.vscode && touch node_modules/p/.vscode/x';
    expect(
      await succeeding([packages, 'mv node_modules/p node_modules/q', 'rm -r node_modules']),
    ).toHaveLength(3);
    expect(await succeeding([`${packages} && mv node_modules/p q`])).toEqual([]);
    await expect(lstat(join(folder, 'q/.vscode'))).rejects.toThrow(/ENOENT/);
    expect((await readdir(folder)).filter((name) => name.startsWith('.')).sort()).toEqual([
      '.bulkhead.json',
      '.devcontainer.json',
      '.git',
      '.vscode',
    ]);
  });

  test('links lead into the guest, never to the host', async () => {
    expect(
      await succeeding([
        'cat link',
        'echo x > link',
        'ls up/secret',
        'echo x > up/x',
        'cat up/../../../outside/secret',
      ]),
    ).toEqual([]);
    expect(await machine.sh('ln -s /etc/hostname src/name; cat src/name')).toBe('mount');
    // Handles of files that were never looked up are no way out either (open_by_handle_at, FILEID_INO64_GEN of a FUSE mount).
    const forged = `perl -e 'opendir(my $d, "."); my $m = fileno($d);
      for my $n (2 .. 400) { my $h = pack("LlLLL", 12, 0x81, 0, $n, 0); my $f = syscall(304, $m, $h, 0);
        next if $f < 0; my $p = readlink("/proc/self/fd/$f"); print "$p\\n" unless $p =~ m{^/workspaces/mount|^/ ?}; }'`;
    expect(await machine.sh(`cd /workspaces/mount; ${forged}`, ['--user', 'root'])).toBe('');
    expect(await snapshot(outside)).toEqual(before);
  });

  test('no devices, FIFOs or set-user-id files appear on the host', async () => {
    expect(
      await succeeding([
        'mknod src/b b 254 0',
        'mknod src/c c 1 3',
        'mkfifo src/f',
        'cp /bin/sh src/sh && chmod 4755 src/sh',
        'chmod 2755 src/sh',
        'mkdir -m 2777 src/s && [ -g src/s ]',
        `perl -e 'umask 0; exit(sysopen(my $f, "src/suid", 0x41, 04755) ? 0 : 1)' && [ -u src/suid ]`,
      ]),
    ).toEqual([]);
    for (const entry of await readdir(join(folder, 'src'))) {
      const { mode } = await lstat(join(folder, 'src', entry));
      expect([entry, (mode & 0o6000).toString(8)]).toEqual([entry, '0']);
    }
  });

  test('when what serves it dies, the list says so and the next `up` mends it', async () => {
    await (await engine()).docker.getContainer(`bulkhead-share-${machine.id}`).kill();
    expect((await info()).reason).toMatch(/mounted folder/);
    const { warnings } = await machine.up();
    expect(warnings.join('\n')).toMatch(/had to be started again.*mounted folder/);
    expect(await machine.sh('cat src/user')).toBe('by the user');
  });
});

test('back to a copy: it is as it was left, and nothing of the folder is left in the Engine', async () => {
  await restart('--copy');
  expect(await info()).toMatchObject({ workspaceMode: 'copy' });
  expect(await machine.sh('cat only-in-copy; ls src')).toBe('in the copy\na.txt');
  expect(await shareTraces()).toEqual([]);
});

test('a link for `.vscode` is refused before anything is stopped; a VMM that is killed takes what serves it along', async () => {
  await rename(join(folder, '.vscode'), join(folder, 'vscode'));
  await symlink('vscode', join(folder, '.vscode'));
  const refused = await machine.cli.run(['up', folder, '--mount-write']);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/\.vscode.*link/);
  expect((await info()).state).toBe('running');

  await machine.bulkhead('stop');
  // A folder of root's is served by a root without capabilities.
  await promisify(execFile)('chown', ['-Rh', '0:0', folder]);
  await machine.up('--mount');
  expect(await machine.sh('stat -c %u src/a.txt; cat src/a.txt')).toBe(`${GUEST_UID}\nfrom the host`);
  expect(await inShare('grep -cE "^Cap(Prm|Eff|Bnd):[[:space:]]*0+$" /proc/1/status')).toBe('3');
  expect(await info()).toMatchObject({ workspaceMode: 'mount', readOnly: true });
  await (await containerOf(machine.id)).kill();
  for (const until = Date.now() + 20_000; Date.now() < until && (await shareRuns()); await delay(200)) {
    // virtiofsd ends when its only client is gone.
  }
  expect(await shareRuns()).toBe(false);
  await machine.bulkhead('rm', '--force');
  expect([...(await shareTraces()), ...(await tracesOf(machine.id))]).toEqual([]);
});

const SHARE_OF = () => ({ all: true, filters: { label: [`bulkhead.share=${machine.id}`] } });

/** What the Engine has of a mounted folder: the container that serves it, and the socket's volume. */
async function shareTraces(): Promise<string[]> {
  const containers = await (await engine()).docker.listContainers(SHARE_OF());
  const volumes = (await tracesOf(machine.id)).filter((name) => name.includes('bulkhead-share'));
  return [...containers.map(({ Names }) => Names[0] ?? ''), ...volumes];
}

async function shareRuns(): Promise<boolean> {
  return (await (await engine()).docker.listContainers(SHARE_OF())).some(({ State }) => State === 'running');
}

async function snapshotOf(path: string): Promise<unknown> {
  const { mode, ino } = await lstat(path);
  return [mode, ino, (await lstat(path)).isDirectory() ? await snapshot(path) : await readFile(path, 'utf8')];
}
