import { describe, expect, it } from 'vitest';
import type { DiskUse, ResourceSample } from '../../../../src/app';
import type { MachineInfo } from '../../../../src/machine/hypervisor';
import { binarySize } from '../../../../src/views/binarySize';
import { detailRow, detailsOf, diskPartRow, diskParts } from '../../../../src/views/machines/detailRows';
import { inOrder, machineRow } from '../../../../src/views/machines/machineRows';
import { INFO } from '../../attach/attachApp';
import { l10n } from '../plainL10n';

const GIB = 2 ** 30;
const SAMPLE: ResourceSample = {
  at: 0,
  host: {
    at: 0,
    vcpuPercent: [10, 2.4],
    cpuPercent: 12.4,
    memoryBytes: 310 * 2 ** 20,
    memoryLimitBytes: 2 * GIB,
    upperDiskBytes: 0,
    readBytesPerSecond: 0,
    writeBytesPerSecond: 0,
  },
};
const DISK: DiskUse = {
  layers: [
    { diffId: 'a', bytes: 3 * GIB, machines: 4 },
    { diffId: 'b', bytes: GIB / 2, machines: 1 },
  ],
  sharedBytes: 3 * GIB,
  ownBytes: GIB / 2,
  upperBytes: GIB * 1.25,
  upperLimitBytes: 20 * GIB,
  savedMemoryBytes: 0,
};
const NOTHING = { sample: undefined, disk: undefined, ports: undefined };

describe('a machine’s row', () => {
  it('shows state, CPU, memory and accelerator of a running one', () => {
    const row = machineRow(INFO, 'elsewhere', SAMPLE, l10n);
    expect(row.description).toBe('running · 12% CPU · 310 MiB · tcg');
    expect(row.contextValue).toBe('machine.running');
  });

  it('shows no figures of one that does not run', () => {
    const row = machineRow({ ...INFO, state: 'suspended' }, 'here', SAMPLE, l10n);
    expect(row.description).toBe('suspended · tcg');
    expect(row.contextValue).toBe('machine.suspended.here');
    expect(row.expands).toBe('expanded');
  });

  it('has no control characters and no second line of a name', () => {
    const row = machineRow({ ...INFO, name: 'a\nb\u001b[31m\u202e' }, 'elsewhere', undefined, l10n);
    expect(row.label).toBe('a b');
  });

  it('stands first if it is the window’s, else by name', () => {
    const machine = (id: string): MachineInfo => ({ ...INFO, id, name: id });
    const all = ['c', 'a', 'own', 'b', 'made'].map(machine);
    const order = inOrder(all, ({ id }) => (id === 'own' ? 'here' : id === 'made' ? 'folder' : 'elsewhere'));
    expect(order.map(({ id }) => id)).toEqual(['own', 'made', 'a', 'b', 'c']);
  });
});

describe('the rows below a machine', () => {
  it('are those that its state has', () => {
    expect(detailsOf(INFO)).toEqual(['resources', 'disk', 'ports', 'network', 'folder', 'image']);
    expect(detailsOf({ ...INFO, state: 'stopped', reason: 'killed' })).toEqual([
      'reason',
      'resources',
      'disk',
      'network',
      'folder',
      'image',
    ]);
  });

  it('are there before their figures are', () => {
    expect(detailRow('disk', INFO, NOTHING, l10n)).toMatchObject({ description: '…', expands: 'never' });
    const failed = { ...NOTHING, disk: { failure: new Error('no\nstore') } };
    expect(detailRow('disk', INFO, failed, l10n).description).toBe('no store');
  });

  it('split the disk into written, shared, own and saved memory', () => {
    const details = { ...NOTHING, disk: { value: DISK } };
    expect(detailRow('disk', INFO, details, l10n)).toMatchObject({
      description: '1.3 GiB of 20 GiB written, image 3.5 GiB',
      expands: 'collapsed',
    });
    expect(diskParts(DISK)).toEqual(['written', 'shared', 'own']);
    expect(diskPartRow('shared', DISK, l10n)).toMatchObject({
      description: '3 GiB in 1 layer',
      tooltip: 'Stored once for this machine and up to 3 others',
    });
    expect(diskParts({ ...DISK, savedMemoryBytes: 1 })).toContain('memory');
  });

  it('count ports', () => {
    const value = [
      { port: 80, listening: { port: 80, address: 'any' as const } },
      { port: 81, forward: { kind: 'open' as const, localPort: 81 } },
    ];
    const row = detailRow('ports', INFO, { ...NOTHING, ports: { value } }, l10n);
    expect(row).toMatchObject({ description: '1 listening, 1 forwarded', expands: 'collapsed' });
  });

  it('make a full network stand out', () => {
    const row = detailRow('network', { ...INFO, networkMode: 'full' }, NOTHING, l10n);
    expect(row.icon).toEqual({ id: 'globe', color: 'charts.red' });
  });
});

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [2 ** 31, '2 GiB'],
  [310 * 2 ** 20, '310 MiB'],
  [1.5 * 2 ** 30, '1.5 GiB'],
  [2 ** 60, '1048576 TiB'],
])('%d bytes are %s', (bytes, text) => expect(binarySize(bytes)).toBe(text));
