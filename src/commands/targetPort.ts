import * as vscode from 'vscode';
import type { PortEntry } from '../attach/machinePorts';
import { processText } from '../views/ports/portRow';
import { attempt, type CommandContext } from './commandContext';
import { COMMAND_IDS } from './commandIds';
import { sayNext } from './sayNext';
import { type PortArgument, portOf } from './treeArguments';

/** The port that a command was called on; else one of those that this window follows and `suits`, which the user picks. */
export async function targetPort(
  context: CommandContext,
  args: readonly unknown[],
  placeHolder: string,
  suits: (entry: PortEntry) => boolean,
): Promise<PortArgument | undefined> {
  const asked = portOf(args);
  if (asked || args.length > 0) {
    return asked;
  }
  const items = context.ports.list().flatMap((machineId) =>
    (context.ports.entries(machineId) ?? []).filter(suits).map((entry) => ({
      label: String(entry.port),
      description: [
        entry.forward?.kind === 'open' ? `127.0.0.1:${entry.forward.localPort}` : '',
        processText(entry),
      ]
        .filter((text) => text !== '')
        .join(' · '),
      machineId,
      port: entry.port,
    })),
  );
  if (items.length === 0) {
    const forward = vscode.l10n.t('Forward a Port…');
    await sayNext(vscode.l10n.t('There is no such port.'), forward, COMMAND_IDS.forwardPort);
    return undefined;
  }
  return vscode.window.showQuickPick(items, { placeHolder });
}

/** The local port of a port of the guest; forwards it if it is not. Undefined if that failed or was cancelled. */
export async function localPortOf(
  context: CommandContext,
  { machineId, port }: PortArgument,
): Promise<number | undefined> {
  const forward = context.ports.entry(machineId, port)?.forward;
  return forward?.kind === 'open' ? forward.localPort : openForward(context, { machineId, port });
}

/** Forwards it with progress if that takes time, and says why if it fails. */
export async function openForward(
  context: CommandContext,
  { machineId, port }: PortArgument,
  localPort?: number,
): Promise<number | undefined> {
  const title = vscode.l10n.t('Forwarding port {0}', port);
  return (await attempt(context, title, () => context.ports.forward(machineId, port, localPort)))?.value;
}
