import { afterAll, beforeAll, expect } from 'vitest';
import { attack } from '../attack';
import { Drill, gained } from './drill';
import { unwalled } from './places';

let world: Drill;
beforeAll(async () => {
  world = await Drill.open();
});
afterAll(() => world?.dispose());

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
    await world.assertOnlyLoopback();
    const targets = [
      `10.0.2.2:${world.hostPort}`,
      `10.0.2.3:${world.hostPort}`,
      world.lan.address,
      world.metadata.address,
    ];
    const results = await world.guest.probe('reach', ...targets);
    expect(gained(results)).toEqual([]);
    expect(
      (await unwalled({ NetworkMode: 'host' }).probe('reach', `127.0.0.1:${world.hostPort}`))[
        `127.0.0.1:${world.hostPort}`
      ],
    ).toContain('answered');
    return Object.entries(results)
      .map(([target, result]) => `${target.replace(String(world.hostPort), '<host>')} ${result}`)
      .join(', ');
  },
);

attack(
  {
    id: 'guest-gateway-ports',
    from: 'guest',
    tries:
      'Root tries ports 1 to 4096 of the gateway, behind which lies the loopback of the VMM’s container.',
    holds:
      'Two take a connection: 2222, which leads back to the guest’s own SSH server, and 3128, the way to the proxy, at whose end nobody answers.',
    promise: 'no-listener',
  },
  async () => {
    const open = await world.guest.probe('ports', '10.0.2.2', '1', '4096');
    const { end, ...ports } = open;
    expect(end).toBe('ok');
    expect(Object.keys(ports)).toEqual(['2222', '3128']);
    expect((await world.guest.probe('reach', '10.0.2.2:3128'))['10.0.2.2:3128']).not.toContain('answered');
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
    const before = await world.vmm.sh(sums);
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
    const results = (await world.guest.sh(script)).split('\n');
    expect(results.length).toBeGreaterThanOrEqual(2);
    expect(results.filter((line) => !line.endsWith(' same'))).toEqual([]);
    expect(await world.vmm.sh(sums)).toBe(before);
    // The disk that is the guest's own takes a write: the probe can tell.
    expect(
      await world.guest.sh(
        `for d in /sys/block/vd*; do [ "$(cat $d/ro)" = 0 ] && echo \${d##*/}; done; true`,
      ),
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
    const types = await world.guest.sh('cat /sys/bus/virtio/devices/*/device | sort -u | tr "\\n" " "');
    // virtio ids (linux/virtio_ids.h): 1 net, 2 block, 4 rng, 5 balloon, 26 the mounted folder's.
    expect(
      types
        .trim()
        .split(' ')
        .filter((type) => !['0x0001', '0x0002', '0x0004', '0x0005', '0x001a'].includes(type)),
    ).toEqual([]);
    const firmware = await world.guest.sh(
      'find /sys/firmware/qemu_fw_cfg -name name -exec cat {} + 2> /dev/null | sort; true',
    );
    expect(firmware).not.toMatch(/opt\//);
    expect(
      await world.guest.sh('ls /sys/bus/pci/devices /sys/bus/usb/devices 2> /dev/null | grep -v : | wc -l'),
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
      echo "$d $(head -c 209715200 $d | grep -caF 'BEGIN OPENSSH PRIVATE KEY' || true) $(head -c 209715200 $d | grep -caF '${world.marker}' || true)"
    done`;
    const rows = (await world.guest.sh(script)).split('\n').map((row) => row.split(' '));
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
    await world.machine
      .exec(['/bin/sh', '-c', 'echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger'], [], {
        deadlineMs: 60_000,
      })
      .catch(() => undefined);
    let state = '';
    for (let n = 0; n < 40 && state !== 'stopped'; n++) {
      const machines = (await world.machine.cli.ok(['ls', '--json'])).lines<{ id: string; state: string }>();
      state = machines.find(({ id }) => id === world.machine.id)?.state ?? '';
    }
    expect(state).toBe('stopped');
    expect((await world.machine.up()).state).toBe('running');
    return 'stopped, and up again';
  },
);
