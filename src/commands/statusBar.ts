import type * as vscode from 'vscode';
import { DisposableList } from '../core/disposables';
import { showCredentials } from '../views/credentialStatusBar';
import { showMachineStatus } from '../views/machineStatusBar';
import { showResourceGlance } from '../views/resourceGlance';
import { showToggles } from '../views/toggleStatusBar';
import type { CommandContext } from './commandContext';
import { COMMAND_IDS, TOGGLE_COMMANDS } from './commandIds';

/** The window's machine, what it uses, and its toggles in the status bar, and what a click on each of them runs. */
export function showStatusBar({
  app,
  attachments,
  hostSettings,
  onClose,
  log,
}: CommandContext): vscode.Disposable {
  const disposables = new DisposableList();
  disposables.add(showMachineStatus(attachments, COMMAND_IDS.machineActions));
  disposables.add(showResourceGlance(app, attachments, COMMAND_IDS.showResources, log));
  const toggles = disposables.add(showToggles(attachments, TOGGLE_COMMANDS, onClose));
  disposables.add(showCredentials(app, attachments, COMMAND_IDS.lendCredentials, log));
  // What the folder's settings say about closing counts at once.
  disposables.add(hostSettings.onDidRead(() => toggles.show()));
  return disposables;
}
