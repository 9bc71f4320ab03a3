import * as vscode from 'vscode';
import { SCHEME } from '../attach/machineUri';
import type { CommandContext } from './commandContext';
import { bringUp } from './machineLifecycle';
import { pickAnyMachine } from './pickMachine';
import { targetMachine } from './targetMachines';

/** Opens the machine's workspace folder; the window that shows it brings the machine up. */
export async function openMachine(
  context: CommandContext,
  window: 'this' | 'new',
  args: unknown[],
): Promise<void> {
  const placeHolder = vscode.l10n.t('Which machine should open?');
  const machine =
    args.length > 0
      ? await targetMachine(context, args, placeHolder)
      : await pickAnyMachine(context, placeHolder);
  if (!machine || (machine.state === 'created' && !(await bringUp(context, machine)))) {
    return;
  }
  context.leases.handOver(machine.id);
  await context.hostFolders.remember(machine.id, machine.folder);
  const uri = vscode.Uri.from({ scheme: SCHEME, authority: machine.id, path: machine.workspaceFolder });
  const options = window === 'new' ? { forceNewWindow: true } : { forceReuseWindow: true };
  await vscode.commands.executeCommand('vscode.openFolder', uri, options);
}
