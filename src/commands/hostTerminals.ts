import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { showInformation, showWarning } from '../attach/notify';
import { machineFolder } from '../attach/terminalProfile';
import { REPLACE_HOST_TERMINALS, SECTION } from '../attach/userSettings';
import { messageOf } from '../core/errors';
import { forLabel } from '../core/plainText';
import type { CommandContext } from './commandContext';
import { openTerminal } from './openTerminal';

/** Name by which a terminal that was asked for on this computer is known, and marked for the user. */
const hostName = () => vscode.l10n.t('This Computer');

/**
 * The API can't make the VM's shell the default of one window, so VS Code's own "new terminal" is a shell on this
 * computer. In a window on a machine one in the VM takes its place, before somebody types there what was meant for
 * the VM. The first time that is said, with the ways out.
 */
export function replaceHostTerminals(context: CommandContext): vscode.Disposable {
  let said = false;
  return vscode.window.onDidOpenTerminal((terminal) => {
    if (!machineFolder() || !isPlainHostShell(terminal)) {
      return;
    }
    const first = !said;
    said = true;
    const work = isWanted() ? replace(context, terminal, first) : first ? warn(context, terminal) : undefined;
    work?.catch((error: unknown) => context.log.error(messageOf(error)));
  });
}

/** A shell on this computer, for whoever really wants one in this window. */
export async function openHostTerminal(): Promise<void> {
  const iconPath = new vscode.ThemeIcon('device-desktop');
  // The window's folder is a path of the VM: VS Code would look for it here.
  vscode.window.createTerminal({ name: hostName(), iconPath, cwd: homedir() }).show();
}

async function replace(context: CommandContext, terminal: vscode.Terminal, first: boolean): Promise<void> {
  terminal.dispose();
  await openTerminal(context);
  if (!first) {
    return;
  }
  const here = vscode.l10n.t('Open on This Computer');
  const keep = vscode.l10n.t('Don’t Replace');
  const message = vscode.l10n.t('The new terminal is in the VM, not on this computer.');
  const pressed = await showInformation(message, here, keep);
  if (pressed === here) {
    await openHostTerminal();
  } else if (pressed === keep) {
    await vscode.workspace
      .getConfiguration(SECTION)
      .update(REPLACE_HOST_TERMINALS, false, vscode.ConfigurationTarget.Global);
  }
}

async function warn(context: CommandContext, terminal: vscode.Terminal): Promise<void> {
  const inVm = vscode.l10n.t('Open Terminal in VM');
  const message = vscode.l10n.t(
    'The terminal "{0}" runs on this computer, not in the VM.',
    forLabel(terminal.name),
  );
  if ((await showWarning(message, inVm)) === inVm) {
    terminal.dispose();
    await openTerminal(context);
  }
}

/** Only the user's own setting counts, not what a workspace says. */
function isWanted(): boolean {
  return (
    vscode.workspace.getConfiguration(SECTION).inspect<boolean>(REPLACE_HOST_TERMINALS)?.globalValue !== false
  );
}

/** A shell that VS Code opened by itself or for the user: not ours, not a task's, not one that an extension named. */
function isPlainHostShell({ creationOptions }: vscode.Terminal): boolean {
  return (
    !('pty' in creationOptions) && creationOptions.hideFromUser !== true && creationOptions.name === undefined
  );
}
