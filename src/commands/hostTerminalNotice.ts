import * as vscode from 'vscode';
import { machineFolder } from '../attach/terminalProfile';
import { messageOf } from '../core/errors';
import { nameText } from '../views/messageText';
import type { CommandContext } from './commandContext';
import { openTerminal } from './openTerminal';
import { FIX_TERMINAL } from './runDoctorAction';

/**
 * The API can't make the VM's shell the default of one window, so VS Code's own "new terminal" is a shell on this
 * computer. In a window on a machine that is said, once, before somebody runs there what was meant for the VM.
 */
export function watchForHostTerminals(context: CommandContext): vscode.Disposable {
  let said = false;
  return vscode.window.onDidOpenTerminal((terminal) => {
    if (
      said ||
      terminal.name === FIX_TERMINAL ||
      !machineFolder() ||
      'pty' in terminal.creationOptions ||
      terminal.creationOptions.hideFromUser
    ) {
      return;
    }
    said = true;
    notify(context, terminal).catch((error: unknown) => context.log.error(messageOf(error)));
  });
}

async function notify(context: CommandContext, terminal: vscode.Terminal): Promise<void> {
  const inVm = vscode.l10n.t('Open Terminal in VM');
  const message = vscode.l10n.t(
    'The terminal "{0}" runs on this computer, not in the VM.',
    nameText(terminal.name),
  );
  if ((await vscode.window.showWarningMessage(message, inVm)) === inVm) {
    terminal.dispose();
    await openTerminal(context);
  }
}
