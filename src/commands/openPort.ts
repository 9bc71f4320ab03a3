import * as vscode from 'vscode';
import type { CommandContext } from './commandContext';
import { localPortOf, targetPort } from './targetPort';

/** Ports that speak TLS by custom. */
const TLS_PORTS = [443, 8443];

/** Opens the port in the user's browser; forwards it first if it is not. */
export async function openPort(context: CommandContext, ...args: unknown[]): Promise<void> {
  const target = await targetPort(context, args, vscode.l10n.t('Which port should open?'), () => true);
  const localPort = target && (await localPortOf(context, target));
  if (target && localPort !== undefined) {
    const scheme = TLS_PORTS.includes(target.port) ? 'https' : 'http';
    const local = vscode.Uri.from({ scheme, authority: `127.0.0.1:${localPort}`, path: '/' });
    // Where the editor runs in a browser, that browser may be on another computer: this gives the way there.
    await vscode.env.openExternal(await vscode.env.asExternalUri(local));
  }
}
