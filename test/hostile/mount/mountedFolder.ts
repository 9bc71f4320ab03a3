import { execFile } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { execOutput } from '../../../src/machine/kvm/containerExec';
import { engine, TestMachine } from '../../integration/fixtures/machine';
import { bareImage } from '../../integration/fixtures/workspace';

const run = promisify(execFile);

/** The folder belongs to an account of this computer, commands run as an account of the image: two that differ. */
const OWNER = 1000;
const GUEST_USER = 'www-data';

/** A folder of this computer that a guest has mounted, a secret beside it, and links that lead to the secret. */
export class MountedFolder {
  private constructor(
    readonly machine: TestMachine,
    readonly folder: string,
    /** Beside the folder, with `secret` in it. */
    readonly outside: string,
  ) {}

  static async open(flag: '--mount' | '--mount-write'): Promise<MountedFolder> {
    const machine = await TestMachine.prepare('mount', {
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
    try {
      const { folder } = machine.workspace;
      const outside = await layLinks(folder);
      await run('chown', ['-Rh', `${OWNER}:${OWNER}`, folder]);
      await machine.up(flag);
      return new MountedFolder(machine, folder, outside);
    } catch (error) {
      await machine.dispose();
      throw error;
    }
  }

  async restart(flag: '--mount' | '--mount-write'): Promise<void> {
    await this.machine.bulkhead('stop');
    await this.machine.up(flag);
  }

  /** Runs each line as a shell script of the guest's root in the mounted folder; returns those that succeed. */
  succeeding(attempts: string[]): Promise<string[]> {
    return this.tried(attempts, 'cd /workspaces/mount');
  }

  /** The same in a copy that is the guest's own, for knowing that an attempt does what it says. */
  succeedingInCopy(attempts: string[]): Promise<string[]> {
    return this.tried(attempts, 'rm -rf /c; cp -a /workspaces/mount /c; cd /c');
  }

  private async tried(attempts: string[], first: string): Promise<string[]> {
    const scripts = attempts.map(
      (line, index) => `(${first}\n${line}\n) > /dev/null 2>&1 && echo ${index} || :`,
    );
    const said = await this.machine.sh(scripts.join('\n'), ['--user', 'root']);
    return said
      .split('\n')
      .filter(Boolean)
      .map((index) => attempts[Number(index)] ?? index);
  }

  /** In the container that serves the folder. */
  async inShare(script: string): Promise<string> {
    const container = (await engine()).docker.getContainer(`bulkhead-share-${this.machine.id}`);
    const options = { what: script, ms: 30_000 };
    return (await execOutput(await engine(), container, ['/bin/bash', '-euc', script], options)).trim();
  }

  dispose(): Promise<void> {
    return this.machine.dispose();
  }
}

/** Puts a secret beside a folder, and links to it into the folder. Returns where the secret is. */
async function layLinks(folder: string): Promise<string> {
  const outside = join(dirname(folder), 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'secret'), 'secret of the host\n');
  await symlink(join(outside, 'secret'), join(folder, 'link'));
  await symlink('../outside', join(folder, 'up'));
  return outside;
}

/** Which attempts succeed where links are followed on this computer: in another folder with such links. */
export async function succeedingHere(attempts: string[]): Promise<string[]> {
  const parent = await mkdtemp(join(tmpdir(), 'bulkhead-links-'));
  try {
    const folder = join(parent, 'folder');
    await mkdir(folder);
    await layLinks(folder);
    const succeeded: string[] = [];
    for (const attempt of attempts) {
      await run('/bin/sh', ['-euc', attempt], { cwd: folder, timeout: 10_000 }).then(
        () => succeeded.push(attempt),
        () => undefined,
      );
    }
    return succeeded;
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

/** All that a folder of the host holds: kind, mode, owner and content of each entry. */
export async function snapshot(path: string): Promise<Record<string, string>> {
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
