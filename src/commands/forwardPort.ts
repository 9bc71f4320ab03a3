import * as vscode from 'vscode';
import { askLine } from '../attach/notify';
import { parsePort } from '../views/ports/parsePort';
import type { CommandContext } from './commandContext';
import { pickMachine } from './pickMachine';
import { openForward } from './targetPort';
import { machineIdsOf, portOf } from './treeArguments';

/** Forwards the port it was called on; on a machine, or from the palette, asks for one. */
export async function forwardPort(context: CommandContext, ...args: unknown[]): Promise<void> {
  const asked = portOf(args);
  const [machineId] = machineIdsOf(args);
  if (asked) {
    await openForward(context, asked);
  } else if (args.length === 0 || machineId !== undefined) {
    await askForPort(context, machineId);
  }
}

/** The button of the Ports view's title: a number, also of a port that nothing listens on yet. */
export async function addPort(context: CommandContext): Promise<void> {
  await askForPort(context, undefined);
}

async function askForPort(context: CommandContext, given: string | undefined): Promise<void> {
  const { l10n } = vscode;
  const machineId =
    given ?? (await pickMachine(context, l10n.t('A port of which machine?'), ['running']))?.id;
  if (machineId === undefined) {
    return;
  }
  const text = await askLine({
    title: l10n.t('Forward a Port'),
    prompt: l10n.t('Number of the port in the VM. Nothing has to listen on it yet.'),
    placeHolder: '3000',
    problem: (value) => (parsePort(value) === undefined ? l10n.t('A number from 1 to 65535') : undefined),
  });
  const port = parsePort(text ?? '');
  if (port !== undefined) {
    await openForward(context, { machineId, port });
    await vscode.commands.executeCommand('bulkhead.ports.focus');
  }
}
