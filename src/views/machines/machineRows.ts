import type { MachineInfo, MachineState } from '../../machine/hypervisor';
import type { L10n, Row } from '../row';
import { oneLine } from '../row';

/** Codicon and theme colour of each state. */
export const STATE_ICONS: Record<MachineState, { id: string; color?: string }> = {
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

/** This window's machines first, then by name: a row that jumps when its state changes is hard to click. */
export function inOrder(
  machines: readonly MachineInfo[],
  isOwn: (machine: MachineInfo) => boolean,
): MachineInfo[] {
  const rank = (machine: MachineInfo) => (isOwn(machine) ? 0 : 1);
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

export function machineRow(info: MachineInfo, isOwn: boolean, l10n: L10n): Row {
  const name = oneLine(info.name);
  const state = stateName(info.state, l10n);
  return {
    label: name,
    description: [state, ...(isOwn ? [l10n.t('this window')] : []), info.accelerator].join(' · '),
    tooltip: [
      l10n.t('{0} is {1}', name, state),
      ...(info.reason === undefined ? [] : [oneLine(info.reason, 300)]),
      oneLine(info.folder, 300),
    ].join('\n'),
    icon: STATE_ICONS[info.state],
    contextValue: `machine.${info.state}`,
    expands: 'never',
  };
}
