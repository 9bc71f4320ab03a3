import * as vscode from 'vscode';
import type { MachineCredentials } from '../app';
import { forLabel } from '../core/plainText';
import type { ToggleText } from './toggleText';

/** What the status bar says of the credentials that a machine may use. Names only; there is no secret to show. */
export function credentialToggle(name: string, credentials: MachineCredentials): ToggleText {
  const { t } = vscode.l10n;
  const { agent, git, env, missing, uses } = credentials;
  const others = git.length + env.length;
  const given = uses.filter((use) => use.given).length;
  const denied = uses.length - given;
  const label = agent
    ? others > 0
      ? t('Agent + {0}', others)
      : t('Agent')
    : others > 0
      ? t('Credentials: {0}', others)
      : t('No Credentials');
  const lines = [t('Your credentials that {0} may use: {1}', forLabel(name), label)];
  if (agent) {
    lines.push(t('SSH agent: each signature is asked about.'));
  }
  if (git.length > 0) {
    lines.push(t('git over https: {0}', git.join(', ')));
  }
  if (env.length > 0) {
    const names = env.map((each) => (missing.includes(each) ? t('{0} (not set here)', each) : each));
    lines.push(t('Variables, for new programs: {0}', names.join(', ')));
  }
  if (uses.length > 0) {
    lines.push(t('Used in this window: {0} given, {1} denied.', given, denied));
  }
  lines.push(t('Click to lend or take back.'));
  return {
    text: `$(${agent || others > 0 ? 'key' : 'shield'}) ${label}${given > 0 && (agent || others > 0) ? ` (${given})` : ''}`,
    tooltip: lines.join('\n'),
    danger: false,
  };
}
