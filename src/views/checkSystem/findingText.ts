import * as vscode from 'vscode';
import type { DoctorAction, DoctorFinding } from '../../app';
import { printable } from '../../core/log';

/** What the page shows of one finding; plain text throughout. */
export interface FindingText {
  id: string;
  status: DoctorFinding['status'];
  statusText: string;
  title: string;
  message: string;
  fix?: string;
  /** Buttons, in the order of the finding's actions. `detail` says what exactly a press does. */
  actions: { label: string; detail: string }[];
}

/** Longer than any finding of ours; the words of other programs are part of some. */
const MAX_TEXT = 1000;

export function findingText(finding: DoctorFinding): FindingText {
  return {
    id: finding.id,
    status: finding.status,
    statusText: statusText(finding.status),
    title: titleOf(finding.id),
    message: printable(finding.message, MAX_TEXT),
    ...(finding.fix !== undefined && { fix: printable(finding.fix, MAX_TEXT) }),
    actions: (finding.actions ?? []).map(actionText),
  };
}

function statusText(status: DoctorFinding['status']): string {
  const { t } = vscode.l10n;
  switch (status) {
    case 'ok':
      return t('Good');
    case 'slow':
      return t('Could be faster');
    case 'warning':
      return t('Worth a look');
    case 'missing':
      return t('Does not work');
  }
}

function titleOf(id: DoctorFinding['id']): string {
  const { t } = vscode.l10n;
  const titles: Record<DoctorFinding['id'], string> = {
    data: t('Keys and records'),
    ssh: t('SSH client'),
    engine: t('Docker Engine'),
    memory: t('Memory'),
    architecture: t('Processor'),
    kit: t('Kit image'),
    disk: t('Disk space'),
    egress: t('Network proxies'),
    kvm: t('Hardware acceleration (KVM)'),
    tcg: t('Emulation (TCG)'),
    hyperv: t('Hardware acceleration (Hyper-V)'),
    accelerator: t('What runs the machines'),
    layers: t('Layer store'),
    machines: t('Machines'),
    leftovers: t('Leftovers'),
  };
  return titles[id];
}

function actionText(action: DoctorAction): { label: string; detail: string } {
  const { t } = vscode.l10n;
  switch (action.kind) {
    case 'terminal':
      return {
        label: t('Put Command in Terminal'),
        detail: t('Types it into a terminal on this computer; you press Enter: {0}', action.command),
      };
    case 'open':
      return { label: t('Open Guide'), detail: action.url };
    case 'setting':
      return { label: t('Open Setting'), detail: action.key };
    case 'prune':
      return { label: t('Clean Up…'), detail: t('Shows what would be removed, and asks first.') };
    case 'recheck':
      return { label: t('Test Again'), detail: t('Looks at everything again; kept results don’t count.') };
  }
}

/** One line over all findings. */
export function summaryText(findings: readonly Pick<DoctorFinding, 'status'>[]): string {
  const { t } = vscode.l10n;
  const count = (status: DoctorFinding['status']) => findings.filter((each) => each.status === status).length;
  if (count('missing') > 0) {
    return t('Something that Bulkhead needs does not work here.');
  }
  if (count('slow') + count('warning') > 0) {
    return t('Bulkhead works here. Something could be better.');
  }
  return t('Bulkhead works here, and nothing is left to wish for.');
}

/** All findings as plain text, for a bug report. `about` is its first line. */
export function reportText(about: string, findings: readonly DoctorFinding[]): string {
  const lines = findings.flatMap(({ id, status, message, fix }) => [
    `${status.padEnd(7)}  ${id}: ${printable(message, MAX_TEXT)}`,
    ...(fix === undefined ? [] : [`${' '.repeat(9)}${printable(fix, MAX_TEXT)}`]),
  ]);
  return [about, '', ...lines, ''].join('\n');
}
