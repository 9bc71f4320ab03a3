import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { LAYER_VOLUME } from '../../../src/disk/layerStore';
import { volumeName } from '../../../src/machine/kvm/jail';
import { engine, inVolume, TestMachine } from '../../integration/fixtures/machine';
import { bareImage } from '../../integration/fixtures/workspace';
import { attack } from '../attack';
import {
  EVERYTHING,
  inContainer,
  inGuest,
  inVmm,
  lanStandIn,
  metadataStandIn,
  type Place,
  REACHED,
  type StandIn,
  unwalled,
} from './places';

const MARKER = `bulkhead-marker-${randomBytes(6).toString('hex')}`;
/** Another machine, as far as an attacker could see one: a volume with that name and label. */
const OTHER = `hostile-other-${randomBytes(4).toString('hex')}`;

let machine: TestMachine;
let vmm: Place;
let guest: Place;
let lan: StandIn;
let metadata: StandIn;
let host: Server;
let hostPort: number;
let hostFolder: string;

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

beforeAll(async () => {
  const { docker } = await engine();
  host = createServer((_, answer) => answer.end('of the host')).listen(0, '127.0.0.1');
  hostFolder = await mkdtemp(join(tmpdir(), MARKER));
  await writeFile(join(hostFolder, MARKER), 'of the host');
  [machine, lan, metadata] = await Promise.all([
    mounted(),
    lanStandIn(),
    metadataStandIn(),
    docker.createVolume({ Name: volumeName(OTHER) }),
  ]);
  await inVolume(OTHER, 'touch', `/machine/${MARKER}`);
  hostPort = (host.address() as AddressInfo).port;
  vmm = await inVmm(machine);
  guest = inGuest(machine);
});

afterAll(async () => {
  const { docker } = await engine();
  host?.close();
  await machine?.dispose();
  await Promise.all([lan?.dispose(), metadata?.dispose(), rm(hostFolder, { recursive: true, force: true })]);
  await docker.getVolume(volumeName(OTHER)).remove();
});

/** The names whose result is not a refusal. */
function gained(results: Record<string, string>): string[] {
  return Object.entries(results)
    .filter(
      ([, result]) =>
        !/^E(?:PERM|ACCES|NOENT|ROFS|NOSYS|NETUNREACH|CONNREFUSED|HOSTUNREACH|ALREADY|TIMEDOUT|NXIO|INVAL)$/.test(
          result,
        ),
    )
    .map(([name, result]) => `${name}: ${result}`);
}

attack(
  {
    id: 'vmm-syscalls',
    from: 'vmm',
    tries:
      'mount, pivot_root, chroot, unshare, setns, bpf, userfaultfd, the kernel’s key rings, kexec, modules, open_by_handle_at, perf, reboot, swap, mknod, setuid, kernel log.',
    holds:
      'Each is EPERM, by Docker’s seccomp profile or for want of a capability. io_uring is open with Engines before 25, and named in "What does not hold".',
    promise: 'empty-box',
  },
  async () => {
    const results = await vmm.probe('syscalls');
    const control = await unwalled(EVERYTHING).probe('syscalls');
    const known = ['io_uring_setup'];
    const names = Object.keys(results).filter((name) => !known.includes(name));
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) {
      expect(`${name} ${results[name]}`).toBe(`${name} EPERM`);
      expect(`${name} ${control[name]}`, 'where it is allowed, the answer is another one').not.toBe(
        `${name} EPERM`,
      );
    }
    return `${names.length} calls, all EPERM; io_uring_setup: ${results['io_uring_setup']}`;
  },
);

const KERNEL_FILES = [
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

attack(
  {
    id: 'vmm-kernel-files',
    from: 'vmm',
    tries:
      'Opening core_pattern, modprobe, sysrq-trigger, uevent_helper, cgroup release_agents and power state for writing; kcore, kmsg and the host’s memory for reading.',
    holds:
      'None opens: read-only or masked by Docker, or not there; where they are not masked, the same probe opens core_pattern.',
    promise: 'empty-box',
  },
  async () => {
    const written = await vmm.probe('write', ...KERNEL_FILES);
    const read = await vmm.probe(
      'read',
      '/proc/kcore',
      '/proc/kmsg',
      '/dev/mem',
      '/dev/kmem',
      '/dev/port',
      '/dev/kmsg',
      '/proc/sched_debug',
      '/sys/firmware/efi',
    );
    expect([...gained(written), ...gained(read)]).toEqual([]);
    const control = await unwalled(EVERYTHING).probe('write', ...KERNEL_FILES);
    expect(control['/proc/sys/kernel/core_pattern']).toBe('ok');
    return `${Object.keys(written).length} not writable, ${Object.keys(read).length} not readable`;
  },
);

attack(
  {
    id: 'vmm-devices',
    from: 'vmm',
    tries: 'Looking for devices: disks, /dev/fuse, /dev/net/tun, vhost, loop, GPUs; making one.',
    holds: 'Only Docker’s harmless ones are there (and /dev/kvm where it is used); a new one can’t be made.',
    promise: 'empty-box',
  },
  async () => {
    const list = 'find /dev -type b -o -type c -not -path "/dev/pts/*" | sort';
    const accelerator = (await machine.up()).accelerator;
    const harmless = [
      'full',
      'null',
      'random',
      'tty',
      'urandom',
      'zero',
      ...(accelerator === 'kvm' ? ['kvm'] : []),
    ];
    const found = (await vmm.sh(list)).split('\n');
    expect(found).toEqual(harmless.sort().map((name) => `/dev/${name}`));
    expect(await vmm.sh('mknod /tmp/disk b 8 0 2> /dev/null || echo refused')).toBe('refused');
    expect(await unwalled(EVERYTHING).sh('mknod /tmp/disk b 8 0 && echo made')).toBe('made');
    return found.join(' ');
  },
);

attack(
  {
    id: 'vmm-setuid',
    from: 'vmm',
    tries: 'Becoming root by way of the image’s setuid programs.',
    holds: 'They start and stay uid 1234: no-new-privileges; without it the same program runs as root.',
    promise: 'empty-box',
  },
  async () => {
    // su waits for a password, so there is time to look at it.
    const script = `find / -xdev -perm -4000 2> /dev/null | wc -l
      (sleep 3 | su root -c true) > /dev/null 2>&1 &
      for i in 1 2 3 4 5 6 7 8 9 10; do
        for p in /proc/[0-9]*; do
          if [ "$(cat $p/comm 2> /dev/null)" = su ]; then grep ^Uid $p/status; exit; fi
        done
        sleep 0.2
      done`;
    const [count, uids] = (await vmm.sh(script)).split('\n');
    const [, control] = (await unwalled({}, { User: '1234:1234' }).sh(script)).split('\n');
    expect(Number(count)).toBeGreaterThan(0);
    expect(uids?.split(/\s+/)).toEqual(['Uid:', '1234', '1234', '1234', '1234']);
    expect(control?.split(/\s+/)).toEqual(['Uid:', '1234', '0', '0', '0']);
    return `${count} setuid programs; su has ${uids?.replace(/\s+/g, ' ')}`;
  },
);

attack(
  {
    id: 'vmm-raw-sockets',
    from: 'vmm',
    tries: 'Raw and packet sockets, to speak past the proxy or to listen to others.',
    holds: 'EPERM. vsock sockets can be made with Engines before 23, and are named in "What does not hold".',
    promise: 'empty-box',
  },
  async () => {
    const results = await vmm.probe('sockets');
    const control = await unwalled(EVERYTHING).probe('sockets');
    expect(results).toMatchObject({ raw: 'EPERM', packet: 'EPERM' });
    expect(control).toMatchObject({ raw: 'ok', packet: 'ok' });
    return `raw ${results['raw']}, packet ${results['packet']}, vsock ${results['vsock']}`;
  },
);

/** Only if there is nothing but loopback is anything tried at all: no stand-in's address may ever be asked for elsewhere. */
async function hasOnlyLoopback(): Promise<void> {
  expect(await vmm.sh("sed -n 's/^ *\\([^ ]*\\):.*/\\1/p' /proc/net/dev")).toBe('lo');
}

attack(
  {
    id: 'vmm-network',
    from: 'vmm',
    tries:
      'A server on the host’s loopback, one on a LAN, a cloud’s metadata service, Docker’s DNS, the Engine on TCP.',
    holds: 'No interface but loopback, so each is unreachable; from beside them the same probe is answered.',
    promise: 'no-network',
  },
  async () => {
    await hasOnlyLoopback();
    const targets = [
      `127.0.0.1:${hostPort}`,
      lan.address,
      metadata.address,
      '127.0.0.11:53',
      '127.0.0.1:2375',
      '127.0.0.1:2376',
    ];
    const results = await vmm.probe('reach', ...targets);
    expect(gained(results)).toEqual([]);
    expect(
      (await unwalled({ NetworkMode: 'host' }).probe('reach', `127.0.0.1:${hostPort}`))[
        `127.0.0.1:${hostPort}`
      ],
    ).toContain('answered');
    expect(
      (await unwalled({ NetworkMode: lan.network ?? '' }).probe('reach', lan.address))[lan.address],
    ).toBe(REACHED);
    expect((await inContainer(metadata.container).probe('reach', metadata.address))[metadata.address]).toBe(
      REACHED,
    );
    return Object.entries(results)
      .map(([target, result]) => `${target.replace(String(hostPort), '<host>')} ${result}`)
      .join(', ');
  },
);

attack(
  {
    id: 'vmm-engine-socket',
    from: 'vmm',
    tries: 'Every socket in the container’s file system and in the kernel’s list of its network.',
    holds:
      'They are the VMM’s own; none is the Docker Engine’s. In a container that has it, the same search finds it.',
    promise: 'empty-box',
  },
  async () => {
    // Not `find -type s`: a socket that is mounted over a file looks like a file to it.
    const sockets = (...folders: string[]) =>
      `find ${folders.join(' ')} -not -path '/proc/*' -exec sh -c 'for f; do [ -S "$f" ] && echo "$f"; done' sh {} + 2> /dev/null`;
    const search = `${sockets('/')}; cut -d ' ' -f 8- /proc/net/unix | grep . | sort -u; true`;
    const found = await vmm.sh(search);
    expect(found).not.toMatch(/docker|containerd/);
    const paths = found.split('\n').filter((path) => path.startsWith('/'));
    expect(paths.filter((path) => !/^\/(?:machine|tmp|run\/bulkhead-share)\//.test(path))).toEqual([]);
    const socket = '/var/run/docker.sock';
    const control = unwalled({ Binds: [`${socket}:${socket}`] });
    expect(await control.sh(`${sockets('/run', '/var/run/')}; true`)).toContain('docker.sock');
    return paths.length === 0 ? 'none in the file system' : [...new Set(paths)].join(' ');
  },
);

attack(
  {
    id: 'vmm-other-machines',
    from: 'vmm',
    tries: 'Searching every file for another machine’s volume, and for a folder of the host.',
    holds: 'Neither is mounted: the marks that lie there are not found; mounted on purpose, they are.',
    promise: 'empty-box',
  },
  async () => {
    const search = `find / -name '${MARKER}*' -not -path '/proc/*' 2> /dev/null; grep -c ${OTHER} /proc/self/mountinfo; true`;
    expect(await vmm.sh(search)).toBe('0');
    const control = unwalled({ Binds: [`${volumeName(OTHER)}:/other:ro`, `${hostFolder}:/host:ro`] });
    const seen = (await control.sh(search)).split('\n').filter((line) => line.includes(MARKER));
    expect(seen.sort()).toEqual([`/host/${MARKER}`, `/other/${MARKER}`]);
    return `nothing of ${seen.length} marks`;
  },
);

attack(
  {
    id: 'vmm-layer-store',
    from: 'vmm',
    tries:
      'Writing, replacing, renaming and truncating layers and disks of the store that all machines share, and mounting it anew.',
    holds:
      'EROFS each time: mounted read-only, and remounting needs a capability; all bytes are as before. Reading is possible (see "What does not hold").',
    promise: 'empty-box',
  },
  async () => {
    const sums = 'cd /layers && find . -type f -size -4M | sort | xargs sha256sum | sha256sum';
    const before = await vmm.sh(sums);
    const tries = `cd /layers
      for f in $(find . -type f | head -n 40); do
        (: >> $f) 2> /dev/null && echo "wrote $f"
        rm -f $f 2> /dev/null && [ ! -e $f ] && echo "removed $f"
        mv $f $f.x 2> /dev/null && echo "renamed $f"
        truncate -s 0 $f 2> /dev/null && echo "cut $f"
        chmod 777 $f 2> /dev/null && echo "changed $f"
      done
      touch /layers/x 2> /dev/null && echo made
      mkdir /layers/disks/x 2> /dev/null && echo made
      mount -o remount,rw /layers 2> /dev/null && echo remounted
      echo done`;
    expect(await vmm.sh(tries)).toBe('done');
    expect(await vmm.sh(sums)).toBe(before);
    const fresh = unwalled(
      { Mounts: [{ Type: 'volume', Source: LAYER_VOLUME, Target: '/layers', ReadOnly: false }] },
      { User: '1234:1234' },
    );
    expect(await fresh.sh(`touch /layers/${MARKER} && rm /layers/${MARKER} && echo written`)).toBe('written');
    return 'nothing written, removed, renamed, cut or remounted';
  },
);

attack(
  {
    id: 'vmm-keys',
    from: 'vmm',
    tries:
      'Searching the config disk and every readable file for the key that opens the guest, or others of the user’s.',
    holds:
      'There is one private key, the guest’s own host key (so this machine can be impersonated, and no other); the client’s is not there.',
    promise: 'no-impostor',
  },
  async () => {
    const found = await vmm.sh(
      "grep -rlaF 'PRIVATE KEY-----' / --exclude-dir=proc --exclude-dir=sys --exclude-dir=layers --exclude=upper.ext4 2> /dev/null | grep -v ^/usr | sort",
    );
    expect(found).toBe('/machine/config.tar');
    const keys = await readFile(
      join(machine.cli.dataDirectory, 'machines', machine.id, 'id_ed25519'),
      'utf8',
    ).catch(async () =>
      execFileSync('sh', ['-c', `cat $(find ${machine.cli.dataDirectory} -name id_ed25519)`]).toString(),
    );
    const secret = keys.split('\n')[3] ?? '';
    expect(secret.length).toBeGreaterThan(20);
    expect(await vmm.sh(`grep -caF '${secret}' /machine/config.tar || true`)).toBe('0');
    expect(await vmm.sh("grep -caF 'PRIVATE KEY-----' /machine/config.tar")).toBe('2');
    return `${found}: the host key only`;
  },
);

attack(
  {
    id: 'vmm-host-processes',
    from: 'vmm',
    tries: 'Finding the editor’s and the host’s processes, to signal or to read them.',
    holds:
      'The container has a process list of its own: what runs there is the VMM. With the host’s list, the same search finds this test.',
    promise: 'empty-box',
  },
  async () => {
    const list =
      'cat /proc/[0-9]*/comm | sort -u | tr "\\n" " "; [ -e /proc/' +
      process.pid +
      '/comm ] && cat /proc/' +
      process.pid +
      '/cmdline | tr "\\0" " "';
    const mine = (await readFile('/proc/self/cmdline', 'utf8')).replaceAll('\0', ' ').trim();
    const found = await vmm.sh(`${list}; true`);
    expect(found).not.toContain(mine);
    expect(found).not.toMatch(/dockerd|containerd|node/);
    expect(await unwalled({ PidMode: 'host' }).sh(`${list}; true`)).toContain(mine);
    return found.trim();
  },
);

attack(
  {
    id: 'share-escape',
    from: 'vmm',
    tries:
      'As if virtiofsd had fallen: a shell in the container that serves the mounted folder tries the system calls, kernel files, raw sockets, the network, other folders and writing to its own.',
    holds:
      'EPERM, unreachable and read-only like in the VMM’s; of the host there is that one folder and nothing beside it.',
    promise: 'empty-box',
  },
  async () => {
    const { docker } = await engine();
    const share = inContainer(docker.getContainer(`bulkhead-share-${machine.id}`));
    expect(await share.sh("sed -n 's/^ *\\([^ ]*\\):.*/\\1/p' /proc/net/dev")).toBe('lo');
    const { io_uring_setup: _, ...calls } = await share.probe('syscalls');
    // There is no /tmp to write to at all.
    expect(Object.entries(calls).filter(([, result]) => !/^E(?:PERM|ROFS)$/.test(result))).toEqual([]);
    expect(gained(await share.probe('write', ...KERNEL_FILES))).toEqual([]);
    expect(await share.probe('sockets')).toMatchObject({ raw: 'EPERM', packet: 'EPERM' });
    const targets = [`127.0.0.1:${hostPort}`, lan.address, metadata.address];
    expect(gained(await share.probe('reach', ...targets))).toEqual([]);
    expect(
      gained(await share.probe('create', '/share/new', '/share/.git', '/x', '/run/x', '/tmp/x')),
    ).toEqual([]);
    expect(
      await share.sh(
        `cat /share/file.txt; find / -name '${MARKER}*' -not -path '/proc/*' 2> /dev/null; true`,
      ),
    ).toBe('of the folder');
    expect(await share.sh('ls /share/.. | tr "\\n" " "')).not.toContain(MARKER);
    return `${Object.keys(calls).length} calls, ${KERNEL_FILES.length} kernel files, ${targets.length} servers: nothing`;
  },
);

attack(
  {
    id: 'guest-network',
    from: 'guest',
    tries:
      'Root asks for a server on the host’s loopback (by the gateway’s address), one on a LAN, a metadata service and the Docker bridge, with the network shut.',
    holds: 'Each is refused or unreachable: the emulated card ends in a container that has only loopback.',
    promise: 'no-network',
  },
  async () => {
    await hasOnlyLoopback();
    const targets = [`10.0.2.2:${hostPort}`, `10.0.2.3:${hostPort}`, lan.address, metadata.address];
    const results = await guest.probe('reach', ...targets);
    expect(gained(results)).toEqual([]);
    expect(
      (await unwalled({ NetworkMode: 'host' }).probe('reach', `127.0.0.1:${hostPort}`))[
        `127.0.0.1:${hostPort}`
      ],
    ).toContain('answered');
    return Object.entries(results)
      .map(([target, result]) => `${target.replace(String(hostPort), '<host>')} ${result}`)
      .join(', ');
  },
);

attack(
  {
    id: 'guest-gateway-ports',
    from: 'guest',
    tries:
      'Root tries ports 1 to 4096 of the gateway, behind which lies the loopback of the VMM’s container.',
    holds: 'Only 2222 takes a connection, which leads back to the guest’s own SSH server.',
    promise: 'no-listener',
  },
  async () => {
    const open = await guest.probe('ports', '10.0.2.2', '1', '4096');
    const { end, ...ports } = open;
    expect(end).toBe('ok');
    expect(Object.keys(ports)).toEqual(['2222']);
    return `of 4096 ports: ${Object.keys(ports).join(' ')}`;
  },
  { timeoutMs: 180_000 },
);

attack(
  {
    id: 'guest-shared-disks',
    from: 'guest',
    tries:
      'Root makes the image’s, the kit’s and the config disk writable (BLKROSET) and writes over their first and last blocks, past the end too.',
    holds:
      'The kernel may believe it, the device refuses: the disks read as before, and the layer store’s bytes are unchanged.',
    promise: 'own-kernel',
  },
  async () => {
    const sums = 'cd /layers && find . -type f -size -4M | sort | xargs sha256sum | sha256sum';
    const before = await vmm.sh(sums);
    const script = `
      for d in /sys/block/vd*; do
        name=\${d##*/}
        [ "$(cat $d/ro)" = 1 ] || continue
        sum=$(head -c 1048576 /dev/$name | sha256sum)
        blockdev --setrw /dev/$name 2> /dev/null || perl -e 'use Fcntl; sysopen(my $f, shift, O_RDONLY) or exit; my $z = pack("i", 0); ioctl($f, 0x125d, $z)' /dev/$name
        last=$(( $(cat $d/size) - 1 ))
        for at in 0 2 $last $((last + 1)) 9999999999; do
          dd if=/dev/urandom of=/dev/$name bs=512 count=1 seek=$at conv=notrunc oflag=direct 2> /dev/null || true
        done
        sync
        echo 3 > /proc/sys/vm/drop_caches
        [ "$sum" = "$(head -c 1048576 /dev/$name | sha256sum)" ] && echo "$name same" || echo "$name changed"
      done`;
    const results = (await guest.sh(script)).split('\n');
    expect(results.length).toBeGreaterThanOrEqual(2);
    expect(results.filter((line) => !line.endsWith(' same'))).toEqual([]);
    expect(await vmm.sh(sums)).toBe(before);
    // The disk that is the guest's own takes a write: the probe can tell.
    expect(
      await guest.sh(`for d in /sys/block/vd*; do [ "$(cat $d/ro)" = 0 ] && echo \${d##*/}; done; true`),
    ).toMatch(/^vd\w$/);
    return results.join(', ');
  },
);

attack(
  {
    id: 'guest-devices',
    from: 'guest',
    tries:
      'Root looks for ways past the kernel that the machine offers: shared folders, vsock, firmware settings, PCI, USB, other virtio devices.',
    holds:
      'Card, disks, entropy, balloon and the mounted folder are all; the firmware’s settings tell nothing of the host.',
    promise: 'own-kernel',
  },
  async () => {
    const types = await guest.sh('cat /sys/bus/virtio/devices/*/device | sort -u | tr "\\n" " "');
    // virtio ids (linux/virtio_ids.h): 1 net, 2 block, 4 rng, 5 balloon, 26 the mounted folder's.
    expect(
      types
        .trim()
        .split(' ')
        .filter((type) => !['0x0001', '0x0002', '0x0004', '0x0005', '0x001a'].includes(type)),
    ).toEqual([]);
    const firmware = await guest.sh(
      'find /sys/firmware/qemu_fw_cfg -name name -exec cat {} + 2> /dev/null | sort; true',
    );
    expect(firmware).not.toMatch(/opt\//);
    expect(
      await guest.sh('ls /sys/bus/pci/devices /sys/bus/usb/devices 2> /dev/null | grep -v : | wc -l'),
    ).toBe('0');
    return `virtio ${types}; firmware: ${firmware.split('\n').length} entries`;
  },
);

attack(
  {
    id: 'guest-other-secrets',
    from: 'guest',
    tries:
      'Root reads every disk of the machine for private keys and for marks of other machines and of the host’s folders.',
    holds: 'The config disk has the guest’s own host key and nothing else of the kind; no mark is found.',
    promise: 'no-impostor',
  },
  async () => {
    const script = `for d in /dev/vd?; do
      echo "$d $(head -c 209715200 $d | grep -caF 'BEGIN OPENSSH PRIVATE KEY' || true) $(head -c 209715200 $d | grep -caF '${MARKER}' || true)"
    done`;
    const rows = (await guest.sh(script)).split('\n').map((row) => row.split(' '));
    expect(rows.filter(([, , marks]) => marks !== '0')).toEqual([]);
    expect(rows.length).toBe(4);
    return rows.map((row) => row.slice(0, 2).join(': ')).join(', ');
  },
);

attack(
  {
    id: 'guest-kernel-crash',
    from: 'guest',
    tries: 'Root crashes the kernel, as the last thing an exploit that failed would do.',
    holds: 'The VMM ends by itself, the machine is stopped, and the next start boots from its disk.',
    promise: 'own-kernel',
  },
  async () => {
    await machine
      .exec(['/bin/sh', '-c', 'echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger'], [], {
        deadlineMs: 60_000,
      })
      .catch(() => undefined);
    let state = '';
    for (let n = 0; n < 40 && state !== 'stopped'; n++) {
      const machines = (await machine.cli.ok(['ls', '--json'])).lines<{ id: string; state: string }>();
      state = machines.find(({ id }) => id === machine.id)?.state ?? '';
    }
    expect(state).toBe('stopped');
    expect((await machine.up()).state).toBe('running');
    return 'stopped, and up again';
  },
);
