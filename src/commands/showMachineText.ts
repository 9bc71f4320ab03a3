import * as vscode from 'vscode';
import type { CommandContext } from './commandContext';
import { shownName } from './severalMachines';
import { targetMachine } from './targetMachines';

/** On a machine's row its own log; from anywhere else Bulkhead's. */
export async function showLog(context: CommandContext, ...args: unknown[]): Promise<void> {
  if (args.length === 0) {
    context.channel.show();
    return;
  }
  const machine = await targetMachine(context, args, '');
  if (machine) {
    await context.texts.show(machine.id, 'log', vscode.l10n.t('{0} (log)', shownName(machine)));
  }
}

/** What the guest's kernel and init wrote to the serial console. */
export async function showConsole(context: CommandContext, ...args: unknown[]): Promise<void> {
  const machine = await targetMachine(context, args, vscode.l10n.t('The console of which machine?'));
  if (machine) {
    await context.texts.show(machine.id, 'console', vscode.l10n.t('{0} (console)', shownName(machine)));
  }
}
