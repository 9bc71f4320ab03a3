import * as vscode from 'vscode';
import type { CommandContext } from '../commandContext';

/** The way back from "Don't Show Again". */
export async function toggleDeniedNotices({ network }: CommandContext): Promise<void> {
  const on = network.notices.off;
  await network.tell(on);
  await vscode.window.showInformationMessage(
    on
      ? vscode.l10n.t('You are told when a VM asks for a host and is denied.')
      : vscode.l10n.t('You are no longer told of denied hosts. The Network view lists them.'),
  );
}
