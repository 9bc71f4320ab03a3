import * as vscode from 'vscode';
import type { Log } from '../core/log';
import type { Attachments } from './attachments';
import { GuestPseudoterminal } from './guestPseudoterminal';
import { guestPathOf, machineIdOf } from './machineUri';
import { CWD_ENV, TerminalCwd } from './terminalCwd';

/** As in package.json, `contributes.terminal.profiles`. */
export const TERMINAL_PROFILE = 'bulkhead.vm';

/** The window's first folder in a machine. */
export function machineFolder(): { id: string; path: string } | undefined {
  for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
    const id = machineIdOf(uri);
    const path = guestPathOf(uri);
    if (id !== undefined && path !== undefined) {
      return { id, path };
    }
  }
  return undefined;
}

/** A login shell in the machine, in the given folder (or, without one, in the machine's own). */
export function shellTerminal(
  attachments: Attachments,
  log: Log,
  machine: { id: string; path?: string },
): vscode.ExtensionTerminalOptions {
  const cwd = new TerminalCwd(machine.path);
  return {
    name: vscode.l10n.t('Bulkhead VM'),
    iconPath: new vscode.ThemeIcon('vm'),
    isTransient: true,
    pty: new GuestPseudoterminal(
      async (pty, signal) => {
        // Opening a terminal is asking for the machine, even after it was stopped.
        const { guest } = await attachments.hold(machine.id).attach();
        return guest.shell({
          pty,
          signal,
          lendCredentials: true,
          env: { COLORTERM: 'truecolor', ...CWD_ENV },
          ...(machine.path !== undefined && { cwd: machine.path }),
        });
      },
      log,
      { keepOpen: true, place: { id: machine.id, cwd } },
    ),
  };
}

export function registerTerminalProfile(attachments: Attachments, log: Log): vscode.Disposable {
  return vscode.window.registerTerminalProfileProvider(TERMINAL_PROFILE, {
    provideTerminalProfile() {
      const machine = machineFolder();
      if (!machine) {
        throw new Error(vscode.l10n.t('This window has no folder in a Bulkhead VM. Open one first.'));
      }
      return new vscode.TerminalProfile(shellTerminal(attachments, log, machine));
    },
  });
}
