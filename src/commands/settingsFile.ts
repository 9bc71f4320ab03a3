import { join } from 'node:path';
import * as vscode from 'vscode';
import { machineFolder } from '../attach/terminalProfile';
import { BulkheadError } from '../core/errors';
import { forLabel } from '../core/plainText';
import { BULKHEAD_FILE } from '../settings/settingsFiles';
import type { CommandContext } from './commandContext';
import { sayNext } from './sayNext';

/** Opens the `.bulkhead.json` that counts: the one on this computer, also in a window on a machine. */
export async function openSettingsFile(context: CommandContext): Promise<void> {
  const folder = await settingsFolder(context);
  if (!folder) {
    return;
  }
  const file = vscode.Uri.joinPath(folder, BULKHEAD_FILE);
  if (await exists(file)) {
    await vscode.window.showTextDocument(file);
    return;
  }
  const create = vscode.l10n.t('Create');
  const message = vscode.l10n.t('{0} has no settings file yet.', folder.fsPath);
  const detail = vscode.l10n.t(
    'A new one lists every setting, commented out, and changes nothing by itself.',
  );
  if ((await vscode.window.showInformationMessage(message, { modal: true, detail }, create)) === create) {
    await createIn(context, folder);
  }
}

/** Writes the template; a file that is there is replaced only after a question, and undo brings it back. */
export async function createSettingsFile(context: CommandContext): Promise<void> {
  const folder = await settingsFolder(context);
  if (folder) {
    await createIn(context, folder);
  }
}

async function createIn(context: CommandContext, folder: vscode.Uri): Promise<void> {
  const { path, created } = await context.app.newSettingsFile(folder.fsPath);
  const file = vscode.Uri.file(path);
  if (created) {
    await vscode.window.showTextDocument(file);
    return;
  }
  const open = vscode.l10n.t('Open It');
  const replace = vscode.l10n.t('Replace with Template');
  const message = vscode.l10n.t('{0} already has a settings file.', folder.fsPath);
  const detail = vscode.l10n.t('What stands in it is replaced by the template. Undo brings it back.');
  const answer = await vscode.window.showWarningMessage(message, { modal: true, detail }, open, replace);
  if (answer === undefined) {
    return;
  }
  const editor = await vscode.window.showTextDocument(file);
  if (answer === replace) {
    const text = await context.app.settingsTemplate();
    const { document } = editor;
    const whole = new vscode.Range(
      new vscode.Position(0, 0),
      document.lineAt(document.lineCount - 1).range.end,
    );
    const done = await editor.edit((edit) => edit.replace(whole, text));
    if (!done || !(await document.save())) {
      throw new BulkheadError(`Failed to write ${join(folder.fsPath, BULKHEAD_FILE)}`, {
        next: 'Save the file by hand.',
      });
    }
  }
}

/** The host folder of the window's machine, or the window's own; asks if there are several, says so if there is none. */
async function settingsFolder(context: CommandContext): Promise<vscode.Uri | undefined> {
  const machine = machineFolder();
  if (machine) {
    const path = context.hostFolders.folderOf(machine.id) ?? (await context.app.find(machine.id)).folder;
    const folder = vscode.Uri.file(path);
    if (await exists(folder)) {
      return folder;
    }
    throw new BulkheadError(`The machine was made from ${path}, which is not on this computer`, {
      next: 'Edit the settings file on the computer where the folder is.',
    });
  }
  const local = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
  if (local.length > 1) {
    const items = local.map(({ name, uri }) => ({
      label: forLabel(name),
      description: forLabel(uri.fsPath, 300),
      uri,
    }));
    const placeHolder = vscode.l10n.t('Settings of which folder?');
    return (await vscode.window.showQuickPick(items, { placeHolder }))?.uri;
  }
  if (!local[0]) {
    await sayNext(
      vscode.l10n.t('Settings belong to a folder on this computer. Open one first.'),
      vscode.l10n.t('Open Folder…'),
      'workbench.action.files.openFolder',
    );
  }
  return local[0]?.uri;
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch (error) {
    if (error instanceof vscode.FileSystemError && error.code === 'FileNotFound') {
      return false;
    }
    throw error;
  }
}
