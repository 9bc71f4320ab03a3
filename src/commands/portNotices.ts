import * as vscode from 'vscode';
import { NewPorts, type PortNotice } from '../attach/newPorts';
import { showInformation } from '../attach/notify';
import { machineFolder } from '../attach/terminalProfile';
import { DisposableList } from '../core/disposables';
import { forLabel } from '../core/plainText';
import type { CommandContext } from './commandContext';
import { COMMAND_IDS } from './commandIds';

/** Tells the user of ports that something in the window's machine has begun to listen on. */
export function announceNewPorts(context: CommandContext): vscode.Disposable {
  const { ports, log } = context;
  const disposables = new DisposableList();
  const newPorts = disposables.add(
    new NewPorts(
      (id) => ports.entries(id) ?? [],
      ports.remembered,
      (notice) => present(context, notice),
      log,
    ),
  );
  disposables.add(
    ports.onDidChange((id) => {
      if (id === machineFolder()?.id) {
        newPorts.look(id);
      }
    }),
  );
  return disposables;
}

async function present(context: CommandContext, notice: PortNotice): Promise<void> {
  const { l10n } = vscode;
  const never = l10n.t('Don’t Show Again');
  const open = l10n.t('Open in Browser');
  const forward = l10n.t('Forward');
  const show = l10n.t('Show Ports');
  const isForwarded = notice.kind === 'one' && notice.entry.forward !== undefined;
  const pressed =
    notice.kind === 'many'
      ? await showInformation(l10n.t('{0} new ports are listening in the VM.', notice.count), show, never)
      : await showInformation(sentence(notice), ...[open, ...(isForwarded ? [] : [forward]), never]);
  if (pressed === never) {
    await context.ports.remembered.setNotices(false);
  } else if (pressed === show) {
    await vscode.commands.executeCommand('bulkhead.ports.focus');
  } else if (pressed !== undefined && notice.kind === 'one') {
    const command = pressed === open ? COMMAND_IDS.openPort : COMMAND_IDS.forwardPort;
    await vscode.commands.executeCommand(command, {
      machineId: notice.machineId,
      port: notice.entry.port,
    });
  }
}

/** The process's name is the guest's word: without the characters that notifications make links of. */
function sentence({ entry }: Extract<PortNotice, { kind: 'one' }>): string {
  const { l10n } = vscode;
  const name = forLabel(entry.listening?.process?.name ?? '', 40);
  const what = name === '' ? String(entry.port) : `${entry.port} (${name})`;
  return entry.forward?.kind === 'open'
    ? l10n.t(
        'Port {0} is listening in the VM, at 127.0.0.1:{1} on this computer.',
        what,
        entry.forward.localPort,
      )
    : l10n.t('Port {0} is listening in the VM.', what);
}
