import * as vscode from 'vscode';
import { guestPathOf, machineIdOf } from '../attach/machineUri';
import { ptyOf } from '../attach/terminalLinks';
import { machineFolder, shellTerminal } from '../attach/terminalProfile';
import type { CommandContext } from './commandContext';
import { shownName } from './severalMachines';
import { targetMachine } from './targetMachines';

/** A shell in the machine it was called on, or in the window's; in any other window, in a running one that the user picks. */
export async function openTerminal(context: CommandContext, ...args: unknown[]): Promise<void> {
  const own = machineFolder();
  const machine =
    args.length === 0 && own
      ? own
      : await targetMachine(context, args, vscode.l10n.t('In which machine should the terminal be?'), [
          'running',
        ]);
  if (machine) {
    const isOwn = own?.id === machine.id;
    const options = shellTerminal(context.attachments, context.log, isOwn ? own : { id: machine.id });
    const name = 'name' in machine && !isOwn ? vscode.l10n.t('VM {0}', shownName(machine)) : options.name;
    vscode.window.createTerminal({ ...options, name }).show();
  }
}

/** A shell in the folder that was clicked in the explorer, or in that of the file. */
export async function openTerminalHere(context: CommandContext, clicked: unknown): Promise<void> {
  const uri = clicked instanceof vscode.Uri ? clicked : vscode.window.activeTextEditor?.document.uri;
  const id = uri && machineIdOf(uri);
  if (!uri || id === undefined) {
    await openTerminal(context);
    return;
  }
  const { type } = await vscode.workspace.fs.stat(uri);
  const isFolder = (type & vscode.FileType.Directory) !== 0;
  const path = guestPathOf(isFolder ? uri : vscode.Uri.joinPath(uri, '..'));
  const folder = { id, ...(path !== undefined && { path }) };
  vscode.window.createTerminal(shellTerminal(context.attachments, context.log, folder)).show();
}

/**
 * A shell in the folder where the one in front is. Beside it, if VS Code does what its API says: 1.139 looks an
 * extension's terminal up under the wrong id (`_deserializeParentTerminal`) and opens a new one.
 */
export async function splitTerminal(context: CommandContext): Promise<void> {
  const parent = vscode.window.activeTerminal;
  const place = parent && ptyOf(parent)?.place;
  if (!parent || !place) {
    await openTerminal(context);
    return;
  }
  const path = place.cwd.path;
  const folder = { id: place.id, ...(path !== undefined && { path }) };
  const options = shellTerminal(context.attachments, context.log, folder);
  vscode.window.createTerminal({ ...options, location: { parentTerminal: parent } }).show();
}
