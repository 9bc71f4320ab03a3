import * as vscode from 'vscode';
import { machineFolder, shellTerminal } from '../attach/terminalProfile';
import type { CommandContext } from './commandContext';
import { pickMachine } from './pickMachine';

/** A shell in the window's machine; in any other window, in a running one that the user picks. */
export async function openTerminal(context: CommandContext): Promise<void> {
  const own = machineFolder();
  const machine =
    own ??
    (await pickMachine(context, vscode.l10n.t('In which machine should the terminal be?'), ['running']));
  if (machine) {
    const folder = own ? { id: own.id, path: own.path } : { id: machine.id };
    vscode.window.createTerminal(shellTerminal(context.attachments, context.log, folder)).show();
  }
}
