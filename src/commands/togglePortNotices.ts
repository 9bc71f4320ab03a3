import * as vscode from 'vscode';
import { showInformation } from '../attach/notify';
import type { CommandContext } from './commandContext';

/** The way back from "Don't Show Again". */
export async function togglePortNotices({ ports }: CommandContext): Promise<void> {
  const on = ports.remembered.noticesOff;
  await ports.remembered.setNotices(on);
  await showInformation(
    on
      ? vscode.l10n.t('You are told when something in a VM listens on a new port.')
      : vscode.l10n.t('You are no longer told of new ports. The Ports view lists them.'),
  );
}
