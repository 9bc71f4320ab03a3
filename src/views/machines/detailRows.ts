import type { DiskUse, ResourceSample } from '../../app';
import type { PortEntry } from '../../attach/machinePorts';
import { messageOf } from '../../core/errors';
import { forLabel } from '../../core/plainText';
import type { MachineInfo } from '../../machine/hypervisor';
import { binarySize } from '../binarySize';
import type { L10n, Row } from '../row';
import { glance } from './machineRows';

/** Rows below a machine, in this order. */
export const DETAILS = ['reason', 'resources', 'disk', 'ports', 'network', 'folder', 'image'] as const;
export type Detail = (typeof DETAILS)[number];

/** Rows below "Disk". */
export const DISK_PARTS = ['written', 'shared', 'own', 'memory'] as const;
export type DiskPart = (typeof DISK_PARTS)[number];

/** Something that is read when its row is looked at: not there yet, there, or why not. */
export type Read<T> = { value: T } | { failure: Error } | undefined;

/** What is known of a machine beside its labels. */
export interface MachineDetails {
  readonly sample: ResourceSample | undefined;
  readonly disk: Read<DiskUse>;
  readonly ports: Read<PortEntry[]>;
}

/** The rows that this machine has. */
export function detailsOf(info: MachineInfo): Detail[] {
  return DETAILS.filter(
    (detail) =>
      (detail !== 'reason' || info.reason !== undefined) && (detail !== 'ports' || info.state === 'running'),
  );
}

export function detailRow(detail: Detail, info: MachineInfo, details: MachineDetails, l10n: L10n): Row {
  switch (detail) {
    case 'reason': {
      const reason = forLabel(info.reason ?? '', 300);
      return plain(l10n.t('Last end'), reason, 'info', 'detail.reason');
    }
    case 'resources':
      return resourcesRow(info, details.sample, l10n);
    case 'disk':
      return diskRow(details.disk, info, l10n);
    case 'ports':
      return portsRow(details.ports, l10n);
    case 'network':
      return networkRow(info, l10n);
    case 'folder':
      return {
        ...plain(l10n.t('Folder'), forLabel(info.folder, 300), 'folder', 'detail.folder'),
        command: { id: 'bulkhead.revealFolder', title: l10n.t('Reveal Host Folder') },
      };
    case 'image':
      return plain(l10n.t('Image'), forLabel(info.imageReference, 200), 'package', 'detail.image');
  }
}

function resourcesRow(info: MachineInfo, sample: ResourceSample | undefined, l10n: L10n): Row {
  const limits = l10n.t('{0} CPU, {1} memory', info.cpus, binarySize(info.memoryBytes));
  const description =
    info.state === 'running' && sample ? l10n.t('{0} of {1}', glance(sample).join(', '), limits) : limits;
  return {
    ...plain(l10n.t('Resources'), description, 'pulse', 'detail.resources'),
    tooltip: l10n.t('What the machine takes of this host, and what it may take at most'),
    command: { id: 'bulkhead.showResources', title: l10n.t('Show Resources') },
  };
}

function diskRow(disk: Read<DiskUse>, info: MachineInfo, l10n: L10n): Row {
  const row = plain(l10n.t('Disk'), stillReading(disk) ?? '', 'database', 'detail.disk');
  if (!disk || 'failure' in disk) {
    return { ...row, description: stillReading(disk) ?? binarySize(info.diskBytes) };
  }
  const { upperBytes, upperLimitBytes, ownBytes, sharedBytes } = disk.value;
  return {
    ...row,
    description: l10n.t(
      '{0} of {1} written, image {2}',
      binarySize(upperBytes),
      binarySize(upperLimitBytes),
      binarySize(ownBytes + sharedBytes),
    ),
    expands: 'collapsed',
  };
}

/** The rows below "Disk"; saved memory only if there is some. */
export function diskParts({ savedMemoryBytes }: DiskUse): DiskPart[] {
  return DISK_PARTS.filter((part) => part !== 'memory' || savedMemoryBytes > 0);
}

export function diskPartRow(part: DiskPart, disk: DiskUse, l10n: L10n): Row {
  const shared = disk.layers.filter(({ machines }) => machines > 1);
  const own = disk.layers.length - shared.length;
  const others = Math.max(0, ...shared.map(({ machines }) => machines)) - 1;
  switch (part) {
    case 'written':
      return {
        ...plain(
          l10n.t('Written in the VM'),
          l10n.t('{0} of {1}', binarySize(disk.upperBytes), binarySize(disk.upperLimitBytes)),
          'edit',
          'detail.disk.written',
        ),
        tooltip: l10n.t(
          'What the writable disk takes on the host, and how large it may grow. Reset drops it.',
        ),
      };
    case 'shared':
      return {
        ...plain(
          l10n.t('Image layers, shared'),
          l10n.t('{0} in {1}', binarySize(disk.sharedBytes), layerCount(shared.length, l10n)),
          'layers',
          'detail.disk.shared',
        ),
        tooltip:
          others > 0
            ? l10n.t('Stored once for this machine and up to {0} others', others)
            : l10n.t('No other machine uses a layer of this image'),
      };
    case 'own':
      return {
        ...plain(
          l10n.t('Image layers, own'),
          l10n.t('{0} in {1}', binarySize(disk.ownBytes), layerCount(own, l10n)),
          'layers',
          'detail.disk.own',
        ),
        tooltip: l10n.t('Layers that no other machine uses; they go when the machine is removed and pruned'),
      };
    case 'memory':
      return {
        ...plain(l10n.t('Saved memory'), binarySize(disk.savedMemoryBytes), 'save', 'detail.disk.memory'),
        tooltip: l10n.t('The memory of the suspended machine; it goes when the machine resumes'),
      };
  }
}

function layerCount(count: number, l10n: L10n): string {
  return count === 1 ? l10n.t('1 layer') : l10n.t('{0} layers', count);
}

function portsRow(ports: Read<PortEntry[]>, l10n: L10n): Row {
  const row = plain(l10n.t('Ports'), stillReading(ports) ?? '', 'plug', 'detail.ports');
  if (!ports || 'failure' in ports) {
    return row;
  }
  const listening = ports.value.filter(({ listening: found }) => found !== undefined).length;
  const forwarded = ports.value.filter(({ forward }) => forward?.kind === 'open').length;
  const heard = listening === 0 ? l10n.t('none listening') : l10n.t('{0} listening', listening);
  return {
    ...row,
    description: forwarded === 0 ? heard : l10n.t('{0}, {1} forwarded', heard, forwarded),
    expands: ports.value.length > 0 ? 'collapsed' : 'never',
  };
}

function networkRow({ networkMode }: MachineInfo, l10n: L10n): Row {
  const texts = {
    none: { description: l10n.t('none: it reaches nothing'), icon: { id: 'lock' } },
    allowlist: {
      description: l10n.t('allowlist: it reaches the hosts that you allowed'),
      icon: { id: 'shield' },
    },
    full: {
      description: l10n.t('full: it reaches everything'),
      icon: { id: 'globe', color: 'charts.red' },
    },
  };
  const { description, icon } = texts[networkMode];
  return {
    ...plain(l10n.t('Network'), description, icon.id, `detail.network.${networkMode}`),
    icon,
  };
}

function stillReading(read: Read<unknown>): string | undefined {
  return read === undefined ? '…' : 'failure' in read ? forLabel(messageOf(read.failure), 200) : undefined;
}

function plain(label: string, description: string, icon: string, contextValue: string): Row {
  return { label, description, icon: { id: icon }, contextValue, expands: 'never' };
}
