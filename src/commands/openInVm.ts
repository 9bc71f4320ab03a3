import { basename } from 'node:path';
import * as vscode from 'vscode';
import { SCHEME } from '../attach/machineUri';
import { showFailure } from '../attach/notify';
import { forLabel } from '../core/plainText';
import { askAboutFolder } from './askedByFolder';
import { attempt, type CommandContext } from './commandContext';

/** Palette, explorer context menu (with the folder's URI) and empty window: a folder opens in its own microVM. */
export async function openInVm(context: CommandContext, clicked?: vscode.Uri): Promise<void> {
  const folder = clicked ?? (await chooseFolder());
  if (!folder) {
    return;
  }
  if (folder.scheme !== 'file') {
    const message = vscode.l10n.t('Only a folder on this computer can be opened in a VM.');
    const choose = vscode.l10n.t('Choose a Folder…');
    if ((await showFailure(message, choose)) === choose) {
      const chosen = await askForFolder();
      return chosen && openInVm(context, chosen);
    }
    return;
  }
  if (!(await askAboutFolder(context, folder.fsPath))) {
    return;
  }
  const title = vscode.l10n.t('Opening {0} in an isolated VM', forLabel(basename(folder.fsPath)));
  const done = await attempt(context, title, (signal, onProgress) =>
    context.app.up(folder.fsPath, { signal, onProgress }),
  );
  if (!done) {
    return;
  }
  const { id, workspace, warnings, withheld } = done.value;
  for (const warning of warnings) {
    context.log.warn(warning);
  }
  await context.hostFolders.remember(id, folder.fsPath);
  // What is not allowed he was asked about just now.
  await context.hostFolders.leaveNotices(
    id,
    warnings.filter((warning) => !withheld.includes(warning)),
  );
  const uri = vscode.Uri.from({ scheme: SCHEME, authority: id, path: workspace });
  await vscode.commands.executeCommand('vscode.openFolder', uri, { forceReuseWindow: true });
}

/** The window's folder on this computer; asks if it has several, or none. */
async function chooseFolder(): Promise<vscode.Uri | undefined> {
  const local = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
  if (local.length === 1) {
    return local[0]?.uri;
  }
  if (local.length > 1) {
    const items = local.map(({ name, uri }) => ({
      label: forLabel(name),
      description: forLabel(uri.fsPath, 300),
      uri,
    }));
    const placeHolder = vscode.l10n.t('Which folder should open in a VM?');
    return (await vscode.window.showQuickPick(items, { placeHolder }))?.uri;
  }
  return askForFolder();
}

async function askForFolder(): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    canSelectMany: false,
    title: vscode.l10n.t('Choose a Folder to Open in an Isolated VM'),
    openLabel: vscode.l10n.t('Open in Isolated VM'),
  });
  return chosen?.[0];
}
