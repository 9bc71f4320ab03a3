import { describe, expect, it } from 'vitest';
import type { MachineSpec } from '../../../../src/machine/hypervisor';
import { configDisk } from '../../../../src/machine/kvm/configArchive';
import { machineContainer } from '../../../../src/machine/kvm/jail';
import { labelsOf, shareOfLabels } from '../../../../src/machine/kvm/labels';
import { workspaceOf } from '../../../../src/machine/kvm/share';
import { shareContainer } from '../../../../src/machine/kvm/shareContainer';
import { SPEC } from './spec';

const FOLDER = {
  path: '/home/me/shop',
  identity: '2049:77',
  owner: { uid: 1000, gid: 1001 },
  protected: [{ name: '.git', identity: '2049:78' }],
};
const SHARE = { readOnly: false, guestOwner: { uid: 33, gid: 34 } };
const MOUNTED: MachineSpec = { ...SPEC, share: SHARE, guest: { ...SPEC.guest, share: { readOnly: false } } };

describe('the container that serves a folder', () => {
  const made = shareContainer('shop-0123abcd', 'sha256:kit', FOLDER, SHARE, 2 ** 30);
  const host = made.HostConfig;

  it('has the folder’s owner’s rights and no others: no capability, network, device or new privilege', () => {
    expect(made.User).toBe('1000:1001');
    expect(host).toMatchObject({
      NetworkMode: 'none',
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      IpcMode: 'private',
    });
    expect(host).not.toHaveProperty('CapAdd');
    expect(host).not.toHaveProperty('Devices');
    expect(host).not.toHaveProperty('Binds');
    expect(host?.PidsLimit).toBeLessThanOrEqual(64);
    expect(host?.MemorySwap).toBe(host?.Memory);
    // What virtiofsd writes into the guest's memory first is charged to it.
    expect(host?.Memory).toBeGreaterThan(2 ** 30);
  });

  it('sees the folder, protected parts read-only over it, and its socket; nothing that is mounted below', () => {
    const options = { Propagation: 'rprivate', NonRecursive: true };
    expect(host?.Mounts).toEqual([
      {
        Type: 'volume',
        Source: 'bulkhead-share-shop-0123abcd',
        Target: '/run/bulkhead-share',
        ReadOnly: false,
      },
      { Type: 'bind', Source: '/home/me/shop', Target: '/share', ReadOnly: false, BindOptions: options },
      {
        Type: 'bind',
        Source: '/home/me/shop/.git',
        Target: '/share/.git',
        ReadOnly: true,
        BindOptions: options,
      },
    ]);
  });

  it('is told what it must find there, and which names to guard', () => {
    expect(made.Env).toContain('BULKHEAD_EXPECTED=rw 2049:77 /share\nro 2049:78 /share/.git');
    expect(made.Env).toContain('BULKHEAD_OWNER=1000:1001:33:34');
    const guarded = (variable: string) =>
      made.Env?.find((each) => each.startsWith(`${variable}=`))?.slice(variable.length + 1) ?? '';
    const everywhere = guarded('BULKHEAD_PROTECTED');
    const atTop = guarded('BULKHEAD_PROTECTED_TOP');
    expect(everywhere.split(':')).toEqual(expect.arrayContaining(['.vscode', '*.code-workspace']));
    expect(atTop.split(':')).toEqual(expect.arrayContaining(['.github', '.husky']));
    // guest/share/names.c has room for that many.
    expect(everywhere.length).toBeLessThan(4096);
    expect(atTop.length).toBeLessThan(4096);
  });

  it('has the folder read-only if that is what was granted', () => {
    const readOnly = shareContainer(
      'x',
      'k',
      { ...FOLDER, protected: [] },
      { ...SHARE, readOnly: true },
      2 ** 30,
    );
    expect(readOnly.HostConfig?.Mounts).toMatchObject([
      { Target: '/run/bulkhead-share' },
      { Target: '/share', ReadOnly: true },
    ]);
    expect(readOnly.Env).toContain('BULKHEAD_SHARE=ro');
  });
});

describe('the machine’s own container', () => {
  it('has only the socket, read-only: no folder of the host', () => {
    const { HostConfig: host, Env: env } = machineContainer(MOUNTED, 'k', 'tcg', undefined, 2);
    expect(host?.Mounts?.at(-1)).toEqual({
      Type: 'volume',
      Source: 'bulkhead-share-shop-0123abcd',
      Target: '/run/bulkhead-share',
      ReadOnly: true,
    });
    expect(host?.Mounts?.filter(({ Type }) => Type === 'bind')).toEqual([]);
    expect(env).toContain('BULKHEAD_SHARE=rw');
  });

  it('tells in its labels how the folder is to be served; a machine with a copy does not', () => {
    expect(shareOfLabels(labelsOf(MOUNTED, 'tcg'))).toEqual(SHARE);
    expect(shareOfLabels(labelsOf(SPEC, 'tcg'))).toBeUndefined();
    expect(shareOfLabels({ 'bulkhead.shared': 'rw 0:0 /etc' })).toBeUndefined();
  });

  it('tells the guest on its config disk', async () => {
    expect((await configDisk(MOUNTED.guest, 'g')).includes('share')).toBe(true);
    expect((await configDisk(SPEC.guest, 'g')).includes('share')).toBe(false);
  });
});

describe('workspaceOf', () => {
  const socket = { Destination: '/run/bulkhead-share', RW: false };
  const running = (...mounts: { Destination: string; RW: boolean }[]) => ({ running: true, mounts });

  it('believes the containers, not the labels', () => {
    expect(workspaceOf(running(), undefined, SHARE)).toEqual({ workspaceMode: 'copy' });
    const share = running(socket, { Destination: '/share', RW: true });
    expect(workspaceOf(running(socket), share, { ...SHARE, readOnly: true })).toEqual({
      workspaceMode: 'mount',
      readOnly: false,
    });
  });

  it('says that a running machine has lost its folder', () => {
    expect(workspaceOf(running(socket), undefined, SHARE)).toMatchObject({
      workspaceMode: 'mount',
      readOnly: false,
      reason: expect.stringMatching(/restart/),
    });
    expect(workspaceOf({ running: false, mounts: [socket] }, undefined, SHARE)).not.toHaveProperty('reason');
  });
});
