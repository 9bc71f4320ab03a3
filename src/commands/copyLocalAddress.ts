import * as vscode from 'vscode';
import type { CommandContext } from './commandContext';
import { localPortOf, targetPort } from './targetPort';

/** Puts `127.0.0.1:<port>` on the clipboard. */
export async function copyLocalAddress(context: CommandContext, ...args: unknown[]): Promise<void> {
  const placeHolder = vscode.l10n.t('The address of which port?');
  const isOpen = ({ forward }: { forward?: { kind: string } }) => forward?.kind === 'open';
  const target = await targetPort(context, args, placeHolder, isOpen);
  const localPort = target && (await localPortOf(context, target));
  if (localPort !== undefined) {
    const address = `127.0.0.1:${localPort}`;
    await vscode.env.clipboard.writeText(address);
    vscode.window.setStatusBarMessage(vscode.l10n.t('$(check) Copied: {0}', address), 5_000);
  }
}
