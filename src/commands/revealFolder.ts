import * as vscode from 'vscode';
import type { CommandContext } from './commandContext';
import { openInNewWindow } from './reopenLocally';
import { targetMachine } from './targetMachines';

/** Shows the host folder that the machine was made from: in the file browser, or in a window where there is none. */
export async function revealFolder(context: CommandContext, ...args: unknown[]): Promise<void> {
  const machine = await targetMachine(context, args, vscode.l10n.t('The folder of which machine?'));
  if (!machine) {
    return;
  }
  const uri = vscode.Uri.file(machine.folder);
  const isLocal = vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
  if (isLocal) {
    await vscode.commands.executeCommand('revealFileInOS', uri);
  } else {
    await openInNewWindow(machine.folder);
  }
}
