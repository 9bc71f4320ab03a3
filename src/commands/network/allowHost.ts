import * as vscode from 'vscode';
import { ruleFor } from '../../attach/newDenials';
import { showInformation } from '../../attach/notify';
import type { AllowScope, NetworkPolicy } from '../../network/networkService';
import { hostText } from '../../views/hostText';
import { attempt, type CommandContext } from '../commandContext';
import { COMMAND_IDS } from '../commandIds';
import { type HostArgument, targetDenied } from './targetHost';

/** Lets the machine reach a host that it asked for. */
export async function allowHost(
  context: CommandContext,
  scope: AllowScope,
  args: readonly unknown[],
): Promise<void> {
  const target = await targetDenied(context, args);
  if (target) {
    await allowHosts(context, target.machineId, [target], scope);
  }
}

export async function allowHosts(
  context: CommandContext,
  machineId: string,
  hosts: readonly Pick<HostArgument, 'host' | 'port'>[],
  scope: AllowScope,
): Promise<void> {
  const { t } = vscode.l10n;
  const rules = [...new Set(hosts.map(ruleFor))];
  const shown = rules.slice(0, 5).map(hostText).join(', ');
  const done = await attempt(context, t('Allowing {0}', shown), async (signal) => {
    let policy: NetworkPolicy | undefined;
    for (const rule of rules) {
      policy = await context.app.allowHost(machineId, rule, scope, { signal });
    }
    return policy;
  });
  context.network.tree.refresh();
  if (!done) {
    return;
  }
  await sayAllowed(context, machineId, rules, scope, done.value);
}

async function sayAllowed(
  context: CommandContext,
  machineId: string,
  rules: readonly string[],
  scope: AllowScope,
  policy: NetworkPolicy | undefined,
): Promise<void> {
  const { t } = vscode.l10n;
  const shown = rules.slice(0, 5).map(hostText).join(', ');
  const undo = t('Revoke');
  const change = t('Change Network');
  const texts: Record<AllowScope, string> = {
    once: t('The VM reaches {0} for ten minutes.', shown),
    machine: t('This machine reaches {0} from now on.', shown),
    workspace: t('{0} is written into .bulkhead.json of the folder, and allowed.', shown),
  };
  const isShut = policy?.mode === 'none';
  const message = isShut
    ? t('{0} is allowed, and counts once the network of the VM is set to Allowlist.', shown)
    : texts[scope];
  const pressed = await showInformation(message, ...(isShut ? [change] : []), undo);
  if (pressed === undo) {
    await revokeRules(context, machineId, rules);
  } else if (pressed === change) {
    await vscode.commands.executeCommand(COMMAND_IDS.changeNetwork, machineId);
  }
}

export async function revokeRules(
  context: CommandContext,
  machineId: string,
  rules: readonly string[],
): Promise<void> {
  const shown = rules.slice(0, 5).map(hostText).join(', ');
  const done = await attempt(context, vscode.l10n.t('Revoking {0}', shown), async (signal) => {
    for (const rule of rules) {
      await context.app.revokeHost(machineId, rule, { signal });
    }
  });
  context.network.tree.refresh();
  if (done) {
    vscode.window.setStatusBarMessage(vscode.l10n.t('$(check) No longer allowed: {0}', shown), 5_000);
  }
}
