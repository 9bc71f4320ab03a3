import type { AttachmentStatus } from '../attach/attachment';
import { messageOf } from '../core/errors';
import { forLabel } from '../core/plainText';
import type { MachineState } from '../machine/hypervisor';
import { stateName } from './machines/machineRows';
import type { L10n } from './row';

const ICONS: Record<MachineState, string> = {
  created: 'vm-outline',
  starting: 'loading~spin',
  running: 'vm-running',
  suspending: 'loading~spin',
  suspended: 'debug-pause',
  stopping: 'loading~spin',
  stopped: 'vm-outline',
  failed: 'error',
  gone: 'circle-slash',
};

export interface StateText {
  /** For a status-bar item: one codicon and a line. */
  text: string;
  /** Plain text, never Markdown. */
  tooltip: string;
  /** Whether it should stand out. */
  severity: 'none' | 'warning' | 'error';
}

/** What a window says of its machine. */
export function machineStateText(id: string, status: AttachmentStatus, l10n: L10n): StateText {
  const info = status.kind === 'idle' ? undefined : status.info;
  const name = forLabel(info?.name ?? id);
  const state: MachineState = stateOf(status);
  const called = stateName(state, l10n);
  const tooltip = [
    l10n.t('Bulkhead: {0} is {1}', name, called),
    info
      ? l10n.t('{0} CPU, {1} MiB, {2}', info.cpus, Math.round(info.memoryBytes / 2 ** 20), info.accelerator)
      : '',
    info ? l10n.t('Network: {0}', info.networkMode) : '',
    info ? l10n.t('Image: {0}', forLabel(info.imageReference)) : '',
    status.kind === 'away' ? forLabel(messageOf(status.error)) : '',
  ];
  return {
    text: `$(${ICONS[state]}) ${name}: ${called}`,
    tooltip: tooltip.filter((line) => line !== '').join('\n'),
    severity: state === 'failed' ? 'error' : status.kind === 'away' ? 'warning' : 'none',
  };
}

function stateOf(status: AttachmentStatus): MachineState {
  switch (status.kind) {
    case 'idle':
    case 'attaching':
      return 'starting';
    case 'attached':
      return status.info.state;
    case 'away':
      // It runs (as far as is known) but can't be reached, or nothing is known.
      return status.info && status.info.state !== 'running' ? status.info.state : 'failed';
  }
}
