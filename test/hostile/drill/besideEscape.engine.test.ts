import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { proxyName } from '../../../src/machine/kvm/jail';
import { engine } from '../../integration/fixtures/machine';
import { attack } from '../attack';
import { Drill, gained, KERNEL_FILES } from './drill';
import { inContainer, unwalled } from './places';

let world: Drill;
beforeAll(async () => {
  world = await Drill.open();
});
afterAll(() => world?.dispose());

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
    const found = await world.vmm.sh(
      "grep -rlaF 'PRIVATE KEY-----' / --exclude-dir=proc --exclude-dir=sys --exclude-dir=layers --exclude=upper.ext4 2> /dev/null | grep -v ^/usr | sort",
    );
    expect(found).toBe('/machine/config.tar');
    const { dataDirectory } = world.machine.cli;
    const [file = ''] = (await readdir(dataDirectory, { recursive: true })).filter((name) =>
      name.endsWith('id_ed25519'),
    );
    const keys = await readFile(join(dataDirectory, file), 'utf8');
    const secret = keys.split('\n')[3] ?? '';
    expect(secret.length).toBeGreaterThan(20);
    expect(await world.vmm.sh(`grep -caF '${secret}' /machine/config.tar || true`)).toBe('0');
    expect(await world.vmm.sh("grep -caF 'PRIVATE KEY-----' /machine/config.tar")).toBe('2');
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
    const found = await world.vmm.sh(`${list}; true`);
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
    const share = inContainer(docker.getContainer(`bulkhead-share-${world.machine.id}`));
    expect(await share.sh("sed -n 's/^ *\\([^ ]*\\):.*/\\1/p' /proc/net/dev")).toBe('lo');
    const { io_uring_setup: _, ...calls } = await share.probe('syscalls');
    // There is no /tmp to write to at all.
    expect(Object.entries(calls).filter(([, result]) => !/^E(?:PERM|ROFS)$/.test(result))).toEqual([]);
    expect(gained(await share.probe('write', ...KERNEL_FILES))).toEqual([]);
    expect(await share.probe('sockets')).toMatchObject({ raw: 'EPERM', packet: 'EPERM' });
    const targets = [`127.0.0.1:${world.hostPort}`, world.lan.address, world.metadata.address];
    expect(gained(await share.probe('reach', ...targets))).toEqual([]);
    expect(
      gained(await share.probe('create', '/share/new', '/share/.git', '/x', '/run/x', '/tmp/x')),
    ).toEqual([]);
    expect(
      await share.sh(
        `cat /share/file.txt; find / -name '${world.marker}*' -not -path '/proc/*' 2> /dev/null; true`,
      ),
    ).toBe('of the folder');
    expect(await share.sh('ls /share/.. | tr "\\n" " "')).not.toContain(world.marker);
    return `${Object.keys(calls).length} calls, ${KERNEL_FILES.length} kernel files, ${targets.length} servers: nothing`;
  },
);

/** Never asked for: the kernel only says whether there is a way. */
const WALLED = [
  '169.254.169.254',
  '10.0.0.1',
  '172.17.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '100.64.0.1',
  '224.0.0.1',
];

attack(
  {
    id: 'proxy-escape',
    from: 'vmm',
    tries:
      'As if squid had fallen: a shell in the proxy’s container tries the system calls, kernel files, raw sockets, ways to private and metadata addresses, a LAN, the host’s loopback, and looks for disks, layers and sockets.',
    holds:
      'EPERM like in the VMM’s; its kernel has no route to an address that only this host or its networks have, and it can’t make one; of files it has the machine’s proxy volume only. It does reach the internet, without squid’s list.',
    promise: 'empty-box',
  },
  async () => {
    const { docker } = await engine();
    await world.machine.bulkhead('net', 'allowlist');
    const proxy = inContainer(docker.getContainer(proxyName(world.machine.id)));
    const { io_uring_setup: _, ...calls } = await proxy.probe('syscalls');
    expect(Object.entries(calls).filter(([, result]) => result !== 'EPERM')).toEqual([]);
    expect(gained(await proxy.probe('write', ...KERNEL_FILES))).toEqual([]);
    expect(await proxy.probe('sockets')).toMatchObject({ raw: 'EPERM', packet: 'EPERM' });
    const routes = await proxy.probe('routes', ...WALLED);
    expect(gained(routes)).toEqual([]);
    // An address of documentation, which nobody has: the wall has no word on it.
    expect(await proxy.probe('routes', '198.51.100.254')).toEqual({ '198.51.100.254': 'ok' });
    const tools =
      'for c in "ip rule flush" "ip route add 169.254.169.254 dev eth0" "ip route flush table 1234"; do $c 2> /dev/null && echo "$c"; done; true';
    expect(await proxy.sh(tools)).toBe('');
    expect(gained(await proxy.probe('routes', ...WALLED))).toEqual([]);
    expect(gained(await proxy.probe('reach', world.lan.address, `127.0.0.1:${world.hostPort}`))).toEqual([]);
    expect(
      await proxy.sh(
        `ls -d /machine/* /layers/* 2> /dev/null; find / -name '${world.marker}*' -not -path '/proc/*' 2> /dev/null; true`,
      ),
    ).toBe('');
    await world.machine.bulkhead('net', 'none');
    return `${Object.keys(calls).length} calls EPERM; no way to ${WALLED.length} private addresses, a LAN and the host`;
  },
);
