import { join } from 'node:path';
import * as vscode from 'vscode';
import { showInformation } from '../attach/notify';
import { forMessage } from '../core/plainText';
import type { MachineInfo } from '../machine/hypervisor';
import { showError } from '../views/errorNotification';
import type { CommandContext } from './commandContext';

const SETTINGS_FILE = '.bulkhead.json';

/**
 * Says what a toggle has done, and offers to write it into the `.bulkhead.json` of the machine's folder on this computer,
 * so that the next machine of this folder begins with it.
 */
export async function offerToKeep(
  context: CommandContext,
  machine: MachineInfo,
  message: string,
  path: (string | number)[],
  value: unknown,
): Promise<void> {
  const keep = vscode.l10n.t('Keep for This Workspace');
  if ((await showInformation(message, keep)) === keep) {
    await keepForWorkspace(context, machine, path, value);
  }
}

export async function keepForWorkspace(
  context: CommandContext,
  machine: MachineInfo,
  path: (string | number)[],
  value: unknown,
): Promise<void> {
  const file = join(machine.folder, SETTINGS_FILE);
  const open = vscode.l10n.t('Open File');
  try {
    await context.app.setBulkheadSetting(machine.folder, path, value);
  } catch (error) {
    // The folder may be another computer's, or the file broken: the file is what has to be looked at.
    if ((await showError(error, context.log, context.channel, [open])) === open) {
      await openSettingsFile(context, machine);
    }
    return;
  }
  const message = vscode.l10n.t('"{0}" is written into {1}.', path.join('.'), forMessage(file, 300));
  if ((await showInformation(message, open)) === open) {
    await openSettingsFile(context, machine);
  }
}

/** The settings file of the machine's folder on this computer, in an editor; made from the template if there is none. */
export async function openSettingsFile(context: CommandContext, machine: MachineInfo): Promise<void> {
  const { path } = await context.app.newSettingsFile(machine.folder);
  await vscode.window.showTextDocument(vscode.Uri.file(path));
}
