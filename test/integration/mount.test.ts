import { execFile } from 'node:child_process';
import { lstat, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
  });
  folder = machine.workspace.folder;
  await symlink('src/a.txt', join(folder, 'link'));
  await promisify(execFile)('chown', ['-Rh', `${OWNER}:${OWNER}`, folder]);
});

afterAll(() => machine?.dispose());

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
  beforeAll(() => restart('--mount'));

  test('the guest sees the folder as it is, as its own account’s, and not the copy', async () => {
    expect(await info()).toMatchObject({ workspaceMode: 'mount', readOnly: true });
    expect(await machine.sh('cat src/a.txt; stat -c %u src/a.txt; ls')).toBe(
      `from the host\n${GUEST_UID}\napp.code-workspace\nlink\nnested\nsrc`,
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
  beforeAll(() => restart('--mount-write'));

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

  test('when what serves it dies, the list says so and the next `up` mends it', async () => {
    await (await engine()).docker.getContainer(`bulkhead-share-${machine.id}`).kill();
    expect((await info()).reason).toMatch(/mounted folder/);
    // A folder of root's is served by a root without capabilities, beside what another account has left.
    await promisify(execFile)('chown', ['-Rh', '0:0', folder]);
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
