import * as vscode from 'vscode';
import { showInformation } from '../../attach/notify';
import type { CommandContext } from '../commandContext';

/** The way back from "Don't Show Again". */
export async function toggleDeniedNotices({ network }: CommandContext): Promise<void> {
  const on = network.notices.off;
  await network.tell(on);
  await showInformation(
    on
      ? vscode.l10n.t('You are told when a VM asks for a host and is denied.')
      : vscode.l10n.t('You are no longer told of denied hosts. The Network view lists them.'),
  );
}
