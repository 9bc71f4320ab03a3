import type { ResourceSample } from '../../app';
import { forLabel } from '../../core/plainText';
import type { MachineInfo, MachineState } from '../../machine/hypervisor';
import { binarySize } from '../binarySize';
import type { L10n, Row } from '../row';

/** Codicon and theme colour of each state. */
const STATE_ICONS: Record<MachineState, { id: string; color?: string }> = {
  created: { id: 'vm-outline' },
  starting: { id: 'loading~spin' },
  running: { id: 'vm-running', color: 'charts.green' },
  suspending: { id: 'loading~spin' },
  suspended: { id: 'debug-pause', color: 'charts.blue' },
  stopping: { id: 'loading~spin' },
  stopped: { id: 'vm-outline' },
  failed: { id: 'error', color: 'charts.red' },
  gone: { id: 'circle-slash' },
};

/** How a machine belongs to this window: its files are open in it, or the folder that it was made from, or neither. */
export type Belonging = 'here' | 'folder' | 'elsewhere';

/** This window's machines first, then by name: a row that jumps when its state changes is hard to click. */
export function inOrder(
  machines: readonly MachineInfo[],
  belonging: (machine: MachineInfo) => Belonging,
): MachineInfo[] {
  const rank = (machine: MachineInfo) => ['here', 'folder', 'elsewhere'].indexOf(belonging(machine));
  return [...machines].sort(
    (a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name) || a.id.localeCompare(b.id),
  );
}

export function stateName(state: MachineState, l10n: L10n): string {
  const names: Record<MachineState, string> = {
    created: l10n.t('created'),
    starting: l10n.t('starting'),
    running: l10n.t('running'),
    suspending: l10n.t('suspending'),
    suspended: l10n.t('suspended'),
    stopping: l10n.t('stopping'),
    stopped: l10n.t('stopped'),
    failed: l10n.t('failed'),
    gone: l10n.t('gone'),
  };
  return names[state];
}

/** CPU and memory in a few characters; the host's figures. */
export function glance({ host }: ResourceSample): string[] {
  return [`${Math.round(host.cpuPercent)}% CPU`, binarySize(host.memoryBytes)];
}

export function machineRow(
  info: MachineInfo,
  belonging: Belonging,
  sample: ResourceSample | undefined,
  l10n: L10n,
): Row {
  const name = forLabel(info.name);
  const state = stateName(info.state, l10n);
  const measured = info.state === 'running' && sample ? glance(sample) : [];
  const whose = {
    here: l10n.t('Its files are open in this window.'),
    folder: l10n.t('It was made from the folder that is open in this window.'),
    elsewhere: '',
  }[belonging];
  const tooltip = [
    l10n.t('{0} is {1}', name, state),
    info.reason === undefined ? '' : forLabel(info.reason, 300),
    whose,
    info.accelerator === 'tcg'
      ? l10n.t('Emulated (tcg): this host gives it no hardware virtualization')
      : l10n.t('Hardware virtualization: {0}', info.accelerator),
    forLabel(info.folder, 300),
  ];
  return {
    label: name,
    description: [state, ...measured, info.accelerator].join(' · '),
    tooltip: tooltip.filter((line) => line !== '').join('\n'),
    icon: STATE_ICONS[info.state],
    contextValue: `machine.${info.state}${belonging === 'here' ? '.here' : ''}`,
    expands: info.state === 'gone' ? 'never' : belonging === 'here' ? 'expanded' : 'collapsed',
  };
}
