import * as vscode from 'vscode';
import { forLabel } from '../../core/plainText';
import type { PresetQuestion } from '../../network/networkService';
import { isOfTheWeb } from '../../network/presets';
import { hostText } from '../../views/hostText';

/** Lets the user tick which of the hosts that a tool names count. Undefined if he gave up. */
export async function pickPresetHosts(
  hosts: readonly string[],
  title: string,
  token?: vscode.CancellationToken,
): Promise<string[] | undefined> {
  const { t } = vscode.l10n;
  const items = hosts.map((host) => ({
    label: hostText(host),
    host,
    ...(isOfTheWeb(host)
      ? { picked: true }
      : { picked: false, description: t('a port of its own: any protocol goes through it') }),
  }));
  const picked = await vscode.window.showQuickPick(
    items,
    {
      canPickMany: true,
      ignoreFocusOut: token !== undefined,
      title,
      placeHolder: t('The VM’s own word: look whether they are the ones you know'),
    },
    token,
  );
  return picked?.map(({ host }) => host);
}

/** Asks, while a machine is made, about the hosts of a preset that its folder was granted. Giving up allows none of them. */
export async function choosePresetHosts(
  { machineId, preset, hosts }: PresetQuestion,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const source = new vscode.CancellationTokenSource();
  const cancel = () => source.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const title = vscode.l10n.t(
      '{0} in {1} names these hosts: which may it reach?',
      preset,
      forLabel(machineId),
    );
    const picked = await pickPresetHosts(hosts, title, source.token);
    return signal.aborted ? [] : (picked ?? []);
  } finally {
    signal.removeEventListener('abort', cancel);
    source.dispose();
  }
}
