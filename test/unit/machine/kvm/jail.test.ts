import { describe, expect, it } from 'vitest';
import { machineContainer, onceContainer } from '../../../../src/machine/kvm/jail';
import { SPEC } from './spec';

describe('machineContainer', () => {
  const made = machineContainer(SPEC, 'sha256:kit', 'tcg', undefined, 2);
  const host = made.HostConfig;

  it('has every wall', () => {
    expect(made.User).toBe('1234:1234');
    expect(host).toMatchObject({
      NetworkMode: 'none',
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      PidsLimit: 256,
    });
    expect(host?.Privileged).toBeUndefined();
    expect(host?.CapAdd).toBeUndefined();
    expect(host?.Binds).toBeUndefined();
    expect(host?.PortBindings).toBeUndefined();
    expect(host?.Devices).toBeUndefined();
  });

  it('mounts the layers and the proxy’s sockets read-only, its own volume, nothing else', () => {
    expect(host?.Mounts).toEqual([
      { Type: 'volume', Source: 'bulkhead-layers', Target: '/layers', ReadOnly: true },
      { Type: 'volume', Source: 'bulkhead-machine-shop-0123abcd', Target: '/machine' },
      {
        Type: 'volume',
        Source: 'bulkhead-proxy-shop-0123abcd',
        Target: '/proxy',
        ReadOnly: true,
      },
    ]);
  });

  it('limits memory to the guest’s and the VMM’s own, without swap, and CPUs to what the host has', () => {
    expect(host?.Memory).toBeGreaterThan(SPEC.memoryBytes);
    expect(host?.Memory).toBeLessThan(SPEC.memoryBytes + 2 ** 30);
    expect(host?.MemorySwap).toBe(host?.Memory);
    expect(host?.NanoCpus).toBe(2e9);
  });

  it('gets /dev/kvm and its group only with KVM', () => {
    const kvm = machineContainer(SPEC, 'sha256:kit', 'kvm', { groupId: 104 }, 8).HostConfig;
    expect(kvm?.Devices).toEqual([
      { PathOnHost: '/dev/kvm', PathInContainer: '/dev/kvm', CgroupPermissions: 'rw' },
    ]);
    expect(kvm?.GroupAdd).toEqual(['104']);
    expect(machineContainer(SPEC, 'k', 'tcg', { groupId: 104 }, 8).HostConfig?.Devices).toBeUndefined();
  });

  it('shows no secret in labels, environment or command line', () => {
    const visible = JSON.stringify(made);
    expect(visible).not.toContain('PRIVATE KEY');
    expect(visible).not.toContain('not for labels');
    expect(visible).not.toContain('ssh-ed25519');
  });
});

describe('onceContainer', () => {
  it('has the same walls and only the volume it is given', () => {
    const host = onceContainer('kit', ['/bin/true'], { machineId: 'shop-0123abcd' }).HostConfig;
    expect(host).toMatchObject({ NetworkMode: 'none', CapDrop: ['ALL'], ReadonlyRootfs: true });
    expect(host?.Mounts).toHaveLength(1);
    expect(onceContainer('kit', ['/bin/true']).HostConfig?.Mounts).toEqual([]);
    const layers = onceContainer('kit', ['/bin/true'], { layers: true }).HostConfig?.Mounts;
    expect(layers).toMatchObject([{ Source: 'bulkhead-layers', ReadOnly: true }]);
  });
});
