import * as vscode from 'vscode';
import { machineFolder } from '../attach/terminalProfile';
import { messageOf } from '../core/errors';
import type { CommandContext } from './commandContext';
import { sayNoMachineHere } from './sayNext';

/** Opens the host folder that the window's machine was made from; the machine stays as it is. */
export async function reopenLocally(context: CommandContext): Promise<void> {
  const own = machineFolder();
  if (!own) {
    await sayNoMachineHere();
    return;
  }
  // The remembered folder is asked first: it is there even when the engine isn't.
  const folder =
    context.hostFolders.folderOf(own.id) ??
    (await context.app.find(own.id).then(
      (info) => info.folder,
      (error: unknown) => {
        context.log.warn(`${own.id}: its folder is not known: ${messageOf(error)}`);
        return undefined;
      },
    ));
  if (folder !== undefined) {
    await openLocally(folder);
    return;
  }
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    title: vscode.l10n.t('The folder this machine was made from is not known. Choose it'),
  });
  if (chosen?.[0]) {
    await openLocally(chosen[0].fsPath);
  }
}

export async function openLocally(folder: string): Promise<void> {
  await vscode.commands.executeCommand('vscode.openFolder', vscode.Uri.file(folder), {
    forceReuseWindow: true,
  });
}

export async function openInNewWindow(folder: string): Promise<void> {
  await vscode.commands.executeCommand('vscode.openFolder', vscode.Uri.file(folder), {
    forceNewWindow: true,
  });
}
