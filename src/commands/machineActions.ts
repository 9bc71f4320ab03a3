import * as vscode from 'vscode';
import type { CommandContext } from './commandContext';
import { COMMAND_IDS } from './commandIds';

interface Action extends vscode.QuickPickItem {
  command: string;
}

/** What a click on the status-bar item offers. */
export async function machineActions(context: CommandContext): Promise<void> {
  const status = context.attachments.list()[0]?.status;
  const runs = status?.kind === 'attached';
  const actions: Action[] = [
    ...(runs
      ? [
          { label: vscode.l10n.t('$(terminal) Open Terminal'), command: COMMAND_IDS.openTerminal },
          { label: vscode.l10n.t('$(debug-pause) Suspend'), command: COMMAND_IDS.suspend },
          { label: vscode.l10n.t('$(debug-stop) Stop'), command: COMMAND_IDS.stop },
        ]
      : [{ label: vscode.l10n.t('$(play) Start or Resume'), command: COMMAND_IDS.start }]),
    { label: vscode.l10n.t('$(folder-opened) Reopen Locally'), command: COMMAND_IDS.reopenLocally },
    { label: vscode.l10n.t('$(trash) Remove'), command: COMMAND_IDS.remove },
    { label: vscode.l10n.t('$(output) Show Log'), command: COMMAND_IDS.showLog },
  ];
  const placeHolder = vscode.l10n.t('What should happen with the machine?');
  const picked = await vscode.window.showQuickPick(actions, { placeHolder });
  if (picked) {
    await vscode.commands.executeCommand(picked.command);
  }
}
