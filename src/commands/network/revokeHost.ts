import * as vscode from 'vscode';
import { machineFolder } from '../../attach/terminalProfile';
import { letsThrough } from '../../settings/hostRule';
import { hostText } from '../../views/hostText';
import { ruleRow } from '../../views/network/networkRow';
import type { CommandContext } from '../commandContext';
import { sayNext, sayNoMachineHere } from '../sayNext';
import { revokeRules } from './allowHost';
import { hostArgument, ruleArgument } from './targetHost';

/** Takes a rule back: the one that was clicked, those that let a host through, or one that the user picks. */
export async function revokeHost(context: CommandContext, ...args: unknown[]): Promise<void> {
  const rule = ruleArgument(args);
  if (rule) {
    await revokeRules(context, rule.machineId, [rule.rule]);
    return;
  }
  const asked = hostArgument(args);
  const machineId = asked?.machineId ?? machineFolder()?.id;
  if (machineId === undefined) {
    await sayNoMachineHere();
    return;
  }
  const { rules } = await context.app.networkPolicy(machineId);
  const matching = rules.filter(({ host }) => !asked || letsThrough(host, asked.host, asked.port));
  const [only] = matching;
  if (only && asked && matching.length === 1) {
    await revokeRules(context, machineId, [only.host]);
    return;
  }
  if (matching.length === 0) {
    const message = asked
      ? vscode.l10n.t('No rule allows {0} any longer.', hostText(asked.host))
      : vscode.l10n.t('No host is allowed.');
    await sayNext(message, vscode.l10n.t('Show Network'), 'bulkhead.network.focus');
    return;
  }
  const items = matching.map((each) => ({
    label: hostText(each.host),
    description: ruleRow(each, vscode.l10n).description ?? '',
    host: each.host,
  }));
  const placeHolder = vscode.l10n.t('Which rule should no longer count?');
  const picked = await vscode.window.showQuickPick(items, { placeHolder, canPickMany: true });
  if (picked && picked.length > 0) {
    await revokeRules(
      context,
      machineId,
      picked.map(({ host }) => host),
    );
  }
}
