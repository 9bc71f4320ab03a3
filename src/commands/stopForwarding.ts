import * as vscode from 'vscode';
import type { CommandContext } from './commandContext';
import { targetPort } from './targetPort';

/** Closes the local port, and keeps it closed after a resume. */
export async function stopForwarding(context: CommandContext, ...args: unknown[]): Promise<void> {
  const placeHolder = vscode.l10n.t('Which port should no longer be forwarded?');
  const target = await targetPort(context, args, placeHolder, ({ forward }) => forward !== undefined);
  if (target) {
    await context.ports.stop(target.machineId, target.port);
  }
}
