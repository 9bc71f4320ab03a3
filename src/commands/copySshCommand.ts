import * as vscode from 'vscode';
import type { CommandContext } from './commandContext';
import { sshCommand } from './sshCommand';
import { targetMachine } from './targetMachines';

/** Puts the command that reaches the machine from any terminal of this computer on the clipboard. */
export async function copySshCommand(context: CommandContext, ...args: unknown[]): Promise<void> {
  const machine = await targetMachine(context, args, vscode.l10n.t('The SSH command of which machine?'), [
    'running',
  ]);
  if (machine) {
    const { path, alias } = await context.app.sshConfig(machine.id);
    const command = sshCommand(path, alias, process.platform);
    await vscode.env.clipboard.writeText(command);
    vscode.window.setStatusBarMessage(vscode.l10n.t('$(check) Copied: {0}', command), 5_000);
  }
}
