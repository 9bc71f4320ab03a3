import type { DenialReason, NetworkPolicy, NetworkRow, NetworkRule } from '../../network/networkService';
import { binarySize } from '../binarySize';
import { hostText } from '../hostText';
import type { L10n, Row } from '../row';

/** What a guest asked for at one host and port. */
export function requestRow(row: NetworkRow, l10n: L10n): Row {
  const { allowed, count, deniedCount, reason, lastAt, receivedBytes } = row;
  const host = requestLabel(row);
  const times = count === 1 ? l10n.t('once') : l10n.t('{0} times', count);
  const partly = deniedCount > 0 && deniedCount < count ? l10n.t('{0} of them denied', deniedCount) : '';
  const why = allowed ? '' : reasonText(reason, l10n);
  const received = receivedBytes > 0 ? l10n.t('{0} received', binarySize(receivedBytes)) : '';
  const state = allowed ? l10n.t('allowed') : l10n.t('denied');
  return {
    label: host,
    description: [state, why, times, partly, clock(lastAt)].filter((text) => text !== '').join(' · '),
    tooltip: [
      allowed
        ? l10n.t('The VM asked for {0} and reached it.', host)
        : l10n.t('The VM asked for {0} and was denied: {1}.', host, why),
      [times, partly, received].filter((text) => text !== '').join(', '),
      l10n.t('First at {0}, last at {1}', clock(row.firstAt), clock(lastAt)),
    ].join('\n'),
    icon: allowed
      ? { id: 'pass', color: 'charts.green' }
      : {
          id: 'circle-slash',
          color: reason === 'failed' || reason === 'unresolved' ? 'charts.yellow' : 'charts.red',
        },
    contextValue: allowed ? 'request.allowed' : reason === 'host' ? 'request.denied' : 'request.refused',
    expands: 'never',
  };
}

export function requestLabel({ host, port }: Pick<NetworkRow, 'host' | 'port'>): string {
  return port === 443 ? hostText(host) : `${hostText(host)}:${port}`;
}

function reasonText(reason: DenialReason | undefined, l10n: L10n): string {
  const texts: Record<DenialReason, string> = {
    host: l10n.t('no rule allows it'),
    address: l10n.t('its address is never reached'),
    'server-name': l10n.t('the handshake named another host'),
    unresolved: l10n.t('the name does not resolve'),
    protocol: l10n.t('not HTTP, and no CONNECT'),
    failed: l10n.t('the other side failed'),
  };
  return texts[reason ?? 'host'];
}

/** What the machine may reach: the mode, and below it the rules. */
export function policyRow({ mode, rules }: NetworkPolicy, l10n: L10n): Row {
  const texts = {
    none: { text: l10n.t('it reaches nothing'), icon: { id: 'lock' } },
    allowlist: {
      text:
        rules.length === 0
          ? l10n.t('no host is allowed')
          : rules.length === 1
            ? l10n.t('one host is allowed')
            : l10n.t('{0} hosts are allowed', rules.length),
      icon: { id: 'filter' },
    },
    full: { text: l10n.t('it reaches everything'), icon: { id: 'globe', color: 'charts.red' } },
  };
  const labels = { none: l10n.t('No Network'), allowlist: l10n.t('Allowlist'), full: l10n.t('Full Network') };
  const counts = mode === 'allowlist' || rules.length === 0;
  return {
    label: labels[mode],
    description: counts
      ? texts[mode].text
      : l10n.t('{0}; the rules below count with Allowlist', texts[mode].text),
    icon: texts[mode].icon,
    contextValue: `policy.${mode}`,
    expands: rules.length > 0 ? 'collapsed' : 'never',
  };
}

/** One rule, and who says so. */
export function ruleRow({ host, from, until }: NetworkRule, l10n: L10n): Row {
  const texts: Record<NetworkRule['from'], string> = {
    workspace: l10n.t('for this workspace'),
    user: l10n.t('by your settings'),
    'command line': l10n.t('by the command line'),
    machine: l10n.t('for this machine'),
    once: until === undefined ? l10n.t('once') : l10n.t('once, until {0}', clock(until)),
    npm: l10n.t('for this machine, by npm’s configuration'),
    pip: l10n.t('for this machine, by pip’s configuration'),
    apt: l10n.t('for this machine, by apt’s configuration'),
    git: l10n.t('for this machine, by git’s remotes'),
  };
  return {
    label: hostText(host),
    description: texts[from],
    icon: { id: 'check' },
    contextValue: 'rule',
    expands: 'never',
  };
}

/** Local time of day; with the day, if it is not today. */
function clock(at: number): string {
  const date = new Date(at);
  const time = date.toLocaleTimeString();
  return date.toDateString() === new Date().toDateString() ? time : `${date.toLocaleDateString()} ${time}`;
}
