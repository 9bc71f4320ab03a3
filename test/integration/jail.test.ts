import type { ContainerInspectInfo } from 'dockerode';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { execOutput } from '../../src/machine/kvm/containerExec';
import { containerOf, engine, TestMachine } from './fixtures/machine';
import { bareImage } from './fixtures/workspace';

const MEMORY = 512 * 2 ** 20;

let machine: TestMachine;
let container: ContainerInspectInfo;

beforeAll(async () => {
  machine = await TestMachine.open('jail', bareImage({ cpus: 1, memory: MEMORY }));
  container = await (await containerOf(machine.id)).inspect();
});

afterAll(() => machine?.dispose());

/** What a script prints in the VMM's container, beside QEMU. */
async function inJail(script: string): Promise<string> {
  const output = await execOutput(
    await engine(),
    await containerOf(machine.id),
    ['/bin/bash', '-euc', script],
    {
      what: script,
      ms: 30_000,
    },
  );
  return output.trim();
}

test('no capability, no new privileges, Docker’s seccomp profile, no root', async () => {
  expect(container.HostConfig).toMatchObject({ CapDrop: ['ALL'], CapAdd: null, Privileged: false });
  expect(container.HostConfig.SecurityOpt).toEqual(['no-new-privileges']);
  expect(container.Config.User).toBe('1234:1234');
  const status = await inJail("grep -E '^(Uid|Gid|Cap...|NoNewPrivs|Seccomp):' /proc/1/status");
  expect(Object.fromEntries(status.split('\n').map((line) => line.split(/:\s+/)))).toEqual({
    Uid: '1234\t1234\t1234\t1234',
    Gid: '1234\t1234\t1234\t1234',
    CapInh: '0000000000000000',
    CapPrm: '0000000000000000',
    CapEff: '0000000000000000',
    CapBnd: '0000000000000000',
    CapAmb: '0000000000000000',
    NoNewPrivs: '1',
    Seccomp: '2',
  });
});

test('QEMU has a seccomp filter of its own on top', async () => {
  const filters = (process: string) => `sed -n 's/^Seccomp_filters:\\s*//p' /proc/${process}/status`;
  const qemu = '$(grep -l ^Name:.qemu-system /proc/[0-9]*/status | head -n 1 | cut -d / -f 3)';
  const [init, vmm] = (await inJail(`${filters('1')}; ${filters(qemu)}`)).split('\n').map(Number);
  expect(init).toBeGreaterThanOrEqual(1);
  expect(vmm).toBeGreaterThan(init ?? 0);
});

test('a read-only root, and nothing writable but its own volume and /tmp', async () => {
  expect(container.HostConfig.ReadonlyRootfs).toBe(true);
  expect(container.HostConfig.Binds ?? []).toEqual([]);
  const mounts = container.Mounts.map(({ Type, Name, Destination, RW }) => ({ Type, Name, Destination, RW }));
  expect(mounts.sort((a, b) => a.Destination.localeCompare(b.Destination))).toEqual([
    { Type: 'volume', Name: 'bulkhead-layers', Destination: '/layers', RW: false },
    { Type: 'volume', Name: `bulkhead-machine-${machine.id}`, Destination: '/machine', RW: true },
    { Type: 'volume', Name: `bulkhead-proxy-${machine.id}`, Destination: '/proxy', RW: false },
  ]);
  const attempts = [
    '/x',
    '/layers/x',
    '/layers/disks/x',
    '/usr/lib/bulkhead/x',
    '/etc/x',
    '/proc/sys/kernel/x',
    '/proxy/x',
  ];
  const script = `for f in ${attempts.join(' ')}; do if (: > $f) 2> /dev/null; then echo $f; fi; done`;
  expect(await inJail(script)).toBe('');
  expect(await inJail(': > /tmp/x && : > /machine/x && rm /tmp/x /machine/x && echo written')).toBe(
    'written',
  );
});

test('no network but loopback, and no published port', async () => {
  expect(container.HostConfig.NetworkMode).toBe('none');
  expect(Object.keys(container.NetworkSettings.Networks)).toEqual(['none']);
  expect(container.HostConfig.PortBindings ?? {}).toEqual({});
  expect(container.NetworkSettings.Ports ?? {}).toEqual({});
  expect(await inJail("sed -n 's/^ *\\([^ ]*\\):.*/\\1/p' /proc/net/dev")).toBe('lo');
});

test('no device but KVM’s, if that is what runs it', async () => {
  const devices = (container.HostConfig.Devices ?? []).map(
    ({ PathOnHost }: { PathOnHost: string }) => PathOnHost,
  );
  expect(devices).toEqual((await machine.up()).accelerator === 'kvm' ? ['/dev/kvm'] : []);
  expect(container.HostConfig.DeviceRequests ?? []).toEqual([]);
});

test('limits on memory, CPU and processes as set', async () => {
  const { Memory, MemorySwap, NanoCpus, PidsLimit } = container.HostConfig;
  expect(NanoCpus).toBe(1e9);
  expect(PidsLimit).toBe(256);
  // The guest's memory and what QEMU itself needs, without swap.
  expect(Memory).toBeGreaterThan(MEMORY);
  expect(Memory).toBeLessThan(MEMORY + 1024 * 2 ** 20);
  expect(MemorySwap).toBe(Memory);
});

test('no namespace of the host’s', async () => {
  const { PidMode, IpcMode, UTSMode, UsernsMode, CgroupnsMode } =
    container.HostConfig as typeof container.HostConfig & {
      UTSMode?: string;
      CgroupnsMode?: string;
    };
  expect([PidMode, IpcMode, UTSMode, UsernsMode]).toEqual(['', 'private', '', '']);
  expect(CgroupnsMode).not.toBe('host');
});
