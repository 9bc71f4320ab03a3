import { homedir } from 'node:os';
import * as vscode from 'vscode';
import type { DoctorAction } from '../app';
import { COMMAND_IDS } from './commandIds';

/** Name of terminals that are on this computer on purpose. */
export const FIX_TERMINAL = 'Bulkhead: this computer';

/** Does what a button of a finding says. A command is typed into a terminal, never sent off: the user presses Enter. */
export async function runDoctorAction(action: DoctorAction): Promise<void> {
  switch (action.kind) {
    case 'terminal': {
      const terminal = vscode.window.createTerminal({
        name: FIX_TERMINAL,
        // Not the default profile, which may be a shell in a VM.
        shellPath: vscode.env.shell,
        cwd: homedir(),
        isTransient: true,
      });
      terminal.show();
      terminal.sendText(action.command, false);
      return;
    }
    case 'open':
      await vscode.env.openExternal(vscode.Uri.parse(action.url));
      return;
    case 'setting':
      await vscode.commands.executeCommand('workbench.action.openSettings', action.key);
      return;
    case 'prune':
      await vscode.commands.executeCommand(COMMAND_IDS.prune);
      return;
    case 'recheck':
      await vscode.commands.executeCommand(COMMAND_IDS.checkSystem);
  }
}
