import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { lstat, mkdir, readdir, readFile, readlink, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { delay } from '../../../src/core/deadline';
import type { MachineInfo, MachineSpec } from '../../../src/machine/hypervisor';
import { execOutput, execStream } from '../../../src/machine/kvm/containerExec';
import { containerName, machineContainer, proxyVolumeName, volumeName } from '../../../src/machine/kvm/jail';
import { MACHINE_LABEL } from '../../../src/machine/kvm/labels';
import { makeShareVolume, serveShare } from '../../../src/machine/kvm/share';
import { SOCKET_FOLDER, shareContainerName } from '../../../src/machine/kvm/shareContainer';
import { containerOf, engine, kitImage, TestMachine } from '../../integration/fixtures/machine';
import type { WorkspaceFiles } from '../../integration/fixtures/workspace';
import { SPEC } from '../../unit/machine/kvm/spec';
import { RawFuse } from './rawFuse';

const FRONT_END = readFileSync(join(__dirname, 'vhostUser.pl'), 'utf8');
const ARCH = process.arch === 'arm64' ? 'arm64' : 'amd64';
const OWNER = 1000;
const MIB = 2 ** 20;

/**
 * A machine with a mounted folder whose VMM is the attacker: its container is made as always, with a shell that only waits in QEMU's place.
 * What serves the folder is made and started by the code that always does it.
 */
export class TamperedVmm {
  private fuse: RawFuse | undefined;

  private constructor(
    readonly machine: TestMachine,
    /** Beside the folder, of the same owner: nothing of it may be read or written. */
    readonly outside: string,
    private readonly readOnly: boolean,
  ) {}

  get folder(): string {
    return this.machine.workspace.folder;
  }

  static async open(name: string, readOnly: boolean, files: WorkspaceFiles): Promise<TamperedVmm> {
    const machine = await TestMachine.prepare(name, files);
    const { id, workspace } = machine;
    const outside = join(dirname(workspace.folder), 'outside');
    const vmm = new TamperedVmm(machine, outside, readOnly);
    try {
      await mkdir(outside);
      await writeFile(join(outside, 'secret'), 'secret of the host\n');
      await vmm.own();
      const connected = await engine();
      const { docker } = connected;
      for (const volume of [volumeName(id), proxyVolumeName(id)]) {
        await docker.createVolume({ Name: volume, Labels: { [MACHINE_LABEL]: id } });
      }
      await makeShareVolume(connected, id);
      await docker.createContainer({
        ...machineContainer(vmm.spec(), await kitImage(), 'tcg', undefined, connected.ncpu),
        Entrypoint: ['/bin/bash', '-c', 'trap "exit 0" TERM; sleep infinity & wait'],
      });
      await docker.getContainer(containerName(id)).start();
      return vmm;
    } catch (error) {
      await vmm.dispose();
      throw error;
    }
  }

  /** A connection to a virtiofsd of its own: one ends with its client. */
  async connect(): Promise<RawFuse> {
    await this.fuse?.close();
    this.fuse = undefined;
    const connected = await engine();
    const { id } = this.machine;
    const { folder, memoryBytes, share } = this.spec();
    await serveShare(
      connected,
      { id, folder, share, memoryBytes, kitImage: await kitImage(), keepOut: [] },
      {},
    );
    const command = ['perl', '-e', FRONT_END, ARCH, `${SOCKET_FOLDER}/socket`];
    this.fuse = await RawFuse.over(
      await execStream(connected, await containerOf(id), command, { what: 'the tampered VMM' }),
    );
    return this.fuse;
  }

  /** More files of the host's in the folder, of its owner. */
  async write(files: WorkspaceFiles): Promise<void> {
    await this.machine.workspace.write(files);
    await this.own();
  }

  /** The host moves a folder to where the guest must not be. */
  async moveOut(name: string): Promise<void> {
    await rename(join(this.folder, name), join(this.outside, name));
  }

  /** All that there is beside and in the folder: kind, mode, owner, size and content of each entry, links by their target. */
  async snapshot(): Promise<Record<string, string>> {
    const entries: Record<string, string> = {};
    for (const entry of await readdir(dirname(this.folder), { recursive: true, withFileTypes: true })) {
      const whole = join(entry.parentPath, entry.name);
      const { mode, uid, mtimeMs, nlink } = await lstat(whole);
      const content = entry.isFile()
        ? `${nlink} ${mtimeMs} ${await readFile(whole, 'latin1')}`
        : entry.isSymbolicLink()
          ? await readlink(whole)
          : '';
      entries[whole.slice(dirname(this.folder).length + 1)] = `${mode.toString(8)} ${uid} ${content}`;
    }
    return entries;
  }

  /** What the list says of the machine. */
  async listed(): Promise<MachineInfo | undefined> {
    const found = (await this.machine.cli.ok(['ls', '--json'])).lines<MachineInfo>();
    return found.find(({ id }) => id === this.machine.id);
  }

  /** What a shell prints beside virtiofsd, as its account. */
  async inShare(script: string): Promise<string> {
    const connected = await engine();
    const container = connected.docker.getContainer(shareContainerName(this.machine.id));
    const command = ['/bin/bash', '-euc', script];
    return (await execOutput(connected, container, command, { what: script, ms: 30_000 })).trim();
  }

  /** True if virtiofsd has ended, or does within seconds. */
  async hasEnded(): Promise<boolean> {
    for (const until = Date.now() + 30_000; Date.now() < until; await delay(100)) {
      if (!(await this.shareRuns())) {
        return true;
      }
    }
    return false;
  }

  async shareRuns(): Promise<boolean> {
    const { docker } = await engine();
    return (await docker.getContainer(shareContainerName(this.machine.id)).inspect()).State.Running;
  }

  async dispose(): Promise<void> {
    try {
      await this.fuse?.close();
    } finally {
      await this.machine.dispose();
    }
  }

  private async own(): Promise<void> {
    await promisify(execFile)('chown', ['-Rh', `${OWNER}:${OWNER}`, dirname(this.folder)]);
  }

  private spec(): MachineSpec & { share: NonNullable<MachineSpec['share']> } {
    const { id, workspace } = this.machine;
    return {
      ...SPEC,
      id,
      name: id,
      folder: workspace.folder,
      cpus: 1,
      memoryBytes: 64 * MIB,
      share: { readOnly: this.readOnly, guestOwner: { uid: OWNER, gid: OWNER } },
    };
  }
}
