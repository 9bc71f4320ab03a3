import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { volumeName } from '../../../src/machine/kvm/jail';
import { engine, inVolume, TestMachine } from '../../integration/fixtures/machine';
import { bareImage } from '../../integration/fixtures/workspace';
import { inGuest, inVmm, lanStandIn, metadataStandIn, type Place, type StandIn } from './places';

/** Of the host's kernel: whoever can write one of them has left the container. */
export const KERNEL_FILES = [
  '/proc/sys/kernel/core_pattern',
  '/proc/sys/kernel/modprobe',
  '/proc/sys/kernel/hotplug',
  '/proc/sys/vm/drop_caches',
  '/proc/sysrq-trigger',
  '/proc/sys/net/ipv4/ip_forward',
  '/sys/kernel/uevent_helper',
  '/sys/power/state',
  '/sys/fs/cgroup/release_agent',
  '/sys/fs/cgroup/memory/release_agent',
  '/sys/fs/cgroup/cgroup.procs',
  '/sys/kernel/security/apparmor/.remove',
  '/proc/self/oom_score_adj_of_host',
];

/** The names whose result is not a refusal. */
export function gained(results: Record<string, string>): string[] {
  return Object.entries(results)
    .filter(
      ([, result]) =>
        !/^E(?:PERM|ACCES|NOENT|ROFS|NOSYS|NETUNREACH|CONNREFUSED|HOSTUNREACH|ALREADY|TIMEDOUT|NXIO|INVAL)$/.test(
          result,
        ),
    )
    .map(([name, result]) => `${name}: ${result}`);
}

/** A machine to break out of, and what there is to be found outside. */
export class Drill {
  private constructor(
    readonly machine: TestMachine,
    readonly vmm: Place,
    readonly guest: Place,
    readonly lan: StandIn,
    readonly metadata: StandIn,
    private readonly host: Server,
    /** A folder of the host with a file in it; both are called like the mark. */
    readonly hostFolder: string,
    readonly marker: string,
    /** Another machine, as far as an attacker could see one: a volume with that name, and the mark in it. */
    readonly other: string,
  ) {}

  static async open(): Promise<Drill> {
    const { docker } = await engine();
    const marker = `bulkhead-marker-${randomBytes(6).toString('hex')}`;
    const other = `hostile-other-${randomBytes(4).toString('hex')}`;
    const host = createServer((_, answer) => answer.end('of the host')).listen(0, '127.0.0.1');
    const hostFolder = await mkdtemp(join(tmpdir(), marker));
    await writeFile(join(hostFolder, marker), 'of the host');
    const machine = await mounted();
    const [lan, metadata] = await Promise.all([lanStandIn(), metadataStandIn()]);
    await docker.createVolume({ Name: volumeName(other) });
    await inVolume(other, 'touch', `/machine/${marker}`);
    return new Drill(
      machine,
      await inVmm(machine),
      inGuest(machine),
      lan,
      metadata,
      host,
      hostFolder,
      marker,
      other,
    );
  }

  /** Of a server on the host's loopback. */
  get hostPort(): number {
    return (this.host.address() as AddressInfo).port;
  }

  /** Only if there is nothing but loopback is anything tried at all: no stand-in's address may ever be asked for elsewhere. */
  async assertOnlyLoopback(): Promise<void> {
    const cards = await this.vmm.sh("sed -n 's/^ *\\([^ ]*\\):.*/\\1/p' /proc/net/dev");
    if (cards !== 'lo') {
      throw new Error(`the VMM has network cards: ${cards}`);
    }
  }

  async dispose(): Promise<void> {
    const { docker } = await engine();
    this.host.close();
    await this.machine.dispose();
    await Promise.all([
      this.lan.dispose(),
      this.metadata.dispose(),
      rm(this.hostFolder, { recursive: true, force: true }),
    ]);
    await docker.getVolume(volumeName(this.other)).remove();
  }
}

/** A machine with everything that one can have beside its VMM: its folder is mounted, by a container of its own. */
async function mounted(): Promise<TestMachine> {
  const prepared = await TestMachine.prepare('drill', {
    ...bareImage({ cpus: 1, network: { mode: 'none' } }),
    'file.txt': 'of the folder',
  });
  try {
    // virtiofsd runs as the folder's owner: somebody, not root.
    execFileSync('chown', ['-Rh', '1000:1000', prepared.workspace.folder]);
    await prepared.up('--mount');
    return prepared;
  } catch (error) {
    await prepared.dispose();
    throw error;
  }
}
