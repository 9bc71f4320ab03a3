import * as vscode from 'vscode';
import { showInformation } from '../attach/notify';
import { COMMAND_IDS } from './commandIds';

/** Says something that the user can't go on from without another step, with a button that is that step. */
export async function sayNext(
  message: string,
  button: string,
  command: string,
  ...args: unknown[]
): Promise<void> {
  if ((await showInformation(message, button)) === button) {
    await vscode.commands.executeCommand(command, ...args);
  }
}

/** A command that is about the machine of this window, in a window without one. */
export async function sayNoMachineHere(): Promise<void> {
  await sayNext(
    vscode.l10n.t('This window has no folder in a Bulkhead VM. Open one first.'),
    vscode.l10n.t('Open in Isolated VM'),
    COMMAND_IDS.openInVm,
  );
}
