import * as vscode from 'vscode';
import { showInformation } from '../../attach/notify';
import type { NetworkPreset } from '../../network/networkService';
import { hostText } from '../../views/hostText';
import { attempt, type CommandContext } from '../commandContext';
import { COMMAND_IDS } from '../commandIds';
import { targetMachine } from '../targetMachines';
import { pickPresetHosts } from './presetHostsPick';

/** Lets the machine reach what a tool in it is configured for, after those hosts were shown. */
export async function allowPackageHosts(context: CommandContext, ...args: unknown[]): Promise<void> {
  const { t } = vscode.l10n;
  const question = t('Whose tools may reach their package hosts?');
  const machine = await targetMachine(context, args, question, ['running']);
  if (!machine) {
    return;
  }
  const tools: { label: string; description: string; preset: NetworkPreset }[] = [
    { label: 'npm', description: t('the registry of its configuration'), preset: 'npm' },
    { label: 'pip', description: t('the package index of its configuration'), preset: 'pip' },
    { label: 'apt', description: t('the mirrors of its sources'), preset: 'apt' },
    { label: 'git', description: t('the remotes of the workspace’s repository'), preset: 'git' },
  ];
  const tool = await vscode.window.showQuickPick(tools, {
    title: t('Allow Package Hosts'),
    placeHolder: t('Whose hosts? They are read from the tool in the VM, and shown before they count'),
  });
  if (!tool) {
    return;
  }
  const { preset } = tool;
  const found = await attempt(context, t('Asking {0} in the VM for its hosts', tool.label), (signal) =>
    context.app.presetHosts(machine.id, preset, { signal }),
  );
  if (!found) {
    return;
  }
  if (found.value.length === 0) {
    await showInformation(t('{0} in the VM names no host.', tool.label));
    return;
  }
  const hosts = await pickPresetHosts(found.value, t('Hosts that {0} in the VM names', tool.label));
  if (!hosts || hosts.length === 0) {
    return;
  }
  const done = await attempt(context, t('Allowing the hosts of {0}', tool.label), async (signal) => {
    await context.app.allowPreset(machine.id, preset, { signal, hosts });
    return context.app.networkPolicy(machine.id, { signal });
  });
  context.network.tree.refresh();
  if (done && done.value.mode === 'none') {
    const change = t('Change Network');
    const message = t('They count once the network of the VM is set to Allowlist.');
    if ((await showInformation(message, change)) === change) {
      await vscode.commands.executeCommand(COMMAND_IDS.changeNetwork, machine.id);
    }
  } else if (done) {
    const shown = hosts.slice(0, 5).map(hostText).join(', ');
    await showInformation(t('This machine reaches {0} from now on.', shown));
  }
}
