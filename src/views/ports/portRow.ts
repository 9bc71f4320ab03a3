import type { PortEntry } from '../../attach/machinePorts';
import { messageOf } from '../../core/errors';
import { forLabel } from '../../core/plainText';
import type { L10n, Row } from '../row';

/** The guest's word for who listens: `node (812)`, or nothing. */
export function processText({ listening }: PortEntry): string {
  const { process } = listening ?? {};
  const name = process ? forLabel(process.name, 40) : '';
  return name === '' || !process ? '' : `${name} (${process.pid})`;
}

/** A port of a machine, in either tree. */
export function portRow(entry: PortEntry, l10n: L10n): Row {
  const { forward, listening } = entry;
  const who = listening ? processText(entry) : l10n.t('nothing listens yet');
  const here = forwardText(entry, l10n);
  return {
    label: String(entry.port),
    description: [here, who].filter((text) => text !== '').join(' · '),
    tooltip: [
      forward?.kind === 'open'
        ? l10n.t('Port {0} of the VM is 127.0.0.1:{1} on this computer', entry.port, forward.localPort)
        : l10n.t('Port {0} of the VM is not forwarded', entry.port),
      listening
        ? {
            any: l10n.t('Listens on all addresses of the VM'),
            loopback: l10n.t('Listens on the VM’s loopback'),
            other: '',
          }[listening.address]
        : l10n.t('Nothing listens on it in the VM yet'),
      forward?.kind === 'failed' ? forLabel(messageOf(forward.error), 300) : '',
    ]
      .filter((line) => line !== '')
      .join('\n'),
    icon: icon(entry),
    contextValue: forward ? `port.${forward.kind}` : 'port.listening',
    expands: 'never',
  };
}

function forwardText({ forward }: PortEntry, l10n: L10n): string {
  switch (forward?.kind) {
    case 'open':
      return `127.0.0.1:${forward.localPort}`;
    case 'opening':
      return l10n.t('forwarding…');
    case 'failed':
      return l10n.t('not forwarded: {0}', forLabel(messageOf(forward.error), 200));
    default:
      return '';
  }
}

function icon({ forward, listening }: PortEntry): { id: string; color?: string } {
  switch (forward?.kind) {
    case 'open':
      return listening
        ? { id: 'circle-filled', color: 'charts.green' }
        : { id: 'circle-outline', color: 'charts.green' };
    case 'opening':
      return { id: 'loading~spin' };
    case 'failed':
      return { id: 'warning', color: 'charts.yellow' };
    default:
      return { id: 'circle-outline' };
  }
}
