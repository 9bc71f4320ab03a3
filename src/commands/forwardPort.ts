import * as vscode from 'vscode';
import { parsePort } from '../views/ports/parsePort';
import type { CommandContext } from './commandContext';
import { pickMachine } from './pickMachine';
import { openForward } from './targetPort';
import { machineIdsOf, portOf } from './treeArguments';

/** Forwards the port it was called on; from anywhere else asks for a number, also of one that nothing listens on yet. */
export async function forwardPort(context: CommandContext, ...args: unknown[]): Promise<void> {
  const asked = portOf(args);
  if (asked) {
    await openForward(context, asked);
    return;
  }
  const { l10n } = vscode;
  const [given] = machineIdsOf(args);
  const machineId =
    given ?? (await pickMachine(context, l10n.t('A port of which machine?'), ['running']))?.id;
  if (machineId === undefined) {
    return;
  }
  const text = await vscode.window.showInputBox({
    title: l10n.t('Forward a Port'),
    prompt: l10n.t('Number of the port in the VM. Nothing has to listen on it yet.'),
    placeHolder: '3000',
    validateInput: (value) =>
      parsePort(value) === undefined ? l10n.t('A number from 1 to 65535') : undefined,
  });
  const port = parsePort(text ?? '');
  if (port !== undefined) {
    await openForward(context, { machineId, port });
    await vscode.commands.executeCommand('bulkhead.ports.focus');
  }
}
