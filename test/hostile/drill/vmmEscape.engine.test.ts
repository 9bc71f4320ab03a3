import { afterAll, beforeAll, expect } from 'vitest';
import { LAYER_VOLUME } from '../../../src/disk/layerStore';
import { volumeName } from '../../../src/machine/kvm/jail';
import { attack } from '../attack';
import { Drill, gained, KERNEL_FILES } from './drill';
import { EVERYTHING, inContainer, REACHED, unwalled } from './places';

let world: Drill;
beforeAll(async () => {
  world = await Drill.open();
});
afterAll(() => world?.dispose());

attack(
  {
    id: 'vmm-syscalls',
    from: 'vmm',
    tries:
      'mount, pivot_root, chroot, unshare, setns, bpf, userfaultfd, the kernel’s key rings, kexec, modules, open_by_handle_at, perf, reboot, swap, mknod, setuid, kernel log.',
    holds:
      'Each is EPERM, by Docker’s seccomp profile or for want of a capability. io_uring is open with Docker 20.10, and named in "What does not hold".',
    promise: 'empty-box',
  },
  async () => {
    const results = await world.vmm.probe('syscalls');
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
    const written = await world.vmm.probe('write', ...KERNEL_FILES);
    const read = await world.vmm.probe(
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
    const accelerator = (await world.machine.up()).accelerator;
    const harmless = [
      'full',
      'null',
      'random',
      'tty',
      'urandom',
      'zero',
      ...(accelerator === 'kvm' ? ['kvm'] : []),
    ];
    const found = (await world.vmm.sh(list)).split('\n');
    expect(found).toEqual(harmless.sort().map((name) => `/dev/${name}`));
    expect(await world.vmm.sh('mknod /tmp/disk b 8 0 2> /dev/null || echo refused')).toBe('refused');
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
    const [count, uids] = (await world.vmm.sh(script)).split('\n');
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
    const results = await world.vmm.probe('sockets');
    const control = await unwalled(EVERYTHING).probe('sockets');
    expect(results).toMatchObject({ raw: 'EPERM', packet: 'EPERM' });
    expect(control).toMatchObject({ raw: 'ok', packet: 'ok' });
    return `raw ${results['raw']}, packet ${results['packet']}, vsock ${results['vsock']}`;
  },
);

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
    await world.assertOnlyLoopback();
    const targets = [
      `127.0.0.1:${world.hostPort}`,
      world.lan.address,
      world.metadata.address,
      '127.0.0.11:53',
      '127.0.0.1:2375',
      '127.0.0.1:2376',
    ];
    const results = await world.vmm.probe('reach', ...targets);
    expect(gained(results)).toEqual([]);
    expect(
      (await unwalled({ NetworkMode: 'host' }).probe('reach', `127.0.0.1:${world.hostPort}`))[
        `127.0.0.1:${world.hostPort}`
      ],
    ).toContain('answered');
    expect(
      (await unwalled({ NetworkMode: world.lan.network ?? '' }).probe('reach', world.lan.address))[
        world.lan.address
      ],
    ).toBe(REACHED);
    expect(
      (await inContainer(world.metadata.container).probe('reach', world.metadata.address))[
        world.metadata.address
      ],
    ).toBe(REACHED);
    return Object.entries(results)
      .map(([target, result]) => `${target.replace(String(world.hostPort), '<host>')} ${result}`)
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
    const found = await world.vmm.sh(search);
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
    const search = `find / -name '${world.marker}*' -not -path '/proc/*' 2> /dev/null; grep -c ${world.other} /proc/self/mountinfo; true`;
    expect(await world.vmm.sh(search)).toBe('0');
    const control = unwalled({
      Binds: [`${volumeName(world.other)}:/other:ro`, `${world.hostFolder}:/host:ro`],
    });
    const seen = (await control.sh(search)).split('\n').filter((line) => line.includes(world.marker));
    expect(seen.sort()).toEqual([`/host/${world.marker}`, `/other/${world.marker}`]);
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
    // Of the machine's own image: what others use comes and goes with them.
    const files = `cd /layers && own=disks/$BULKHEAD_DISK_KEY &&
      files=$(find "$own" -type f | sort; while read -r layer; do echo "$layer.idx $layer.tar"; done < "$own/layers")`;
    const sums = `${files} && sha256sum $files`;
    const before = await world.vmm.sh(sums);
    expect(before.split('\n').length).toBeGreaterThanOrEqual(5);
    const tries = `${files}
      for f in $files; do
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
    expect(await world.vmm.sh(tries)).toBe('done');
    expect(await world.vmm.sh(sums)).toBe(before);
    const fresh = unwalled(
      { Mounts: [{ Type: 'volume', Source: LAYER_VOLUME, Target: '/layers', ReadOnly: false }] },
      { User: '1234:1234' },
    );
    expect(
      await fresh.sh(`touch /layers/${world.marker} && rm /layers/${world.marker} && echo written`),
    ).toBe('written');
    return 'nothing written, removed, renamed, cut or remounted';
  },
);
