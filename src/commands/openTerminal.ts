import * as vscode from 'vscode';
import { machineFolder, shellTerminal } from '../attach/terminalProfile';
import type { CommandContext } from './commandContext';
import { shownName } from './severalMachines';
import { targetMachine } from './targetMachines';

/** A shell in the machine it was called on, or in the window's; in any other window, in a running one that the user picks. */
export async function openTerminal(context: CommandContext, ...args: unknown[]): Promise<void> {
  const own = machineFolder();
  const machine =
    args.length === 0 && own
      ? own
      : await targetMachine(context, args, vscode.l10n.t('In which machine should the terminal be?'), [
          'running',
        ]);
  if (machine) {
    const isOwn = own?.id === machine.id;
    const options = shellTerminal(context.attachments, context.log, isOwn ? own : { id: machine.id });
    const name = 'name' in machine && !isOwn ? vscode.l10n.t('VM {0}', shownName(machine)) : options.name;
    vscode.window.createTerminal({ ...options, name }).show();
  }
}
