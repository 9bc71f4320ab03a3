import * as vscode from 'vscode';
import type { WorkspaceDifference } from '../app';
import { messageOf } from '../core/errors';
import { printable } from '../core/log';
import type { MachineInfo } from '../machine/hypervisor';
import { attempt, type CommandContext } from './commandContext';
import { bringUp } from './machineLifecycle';
import { pickMachine } from './pickMachine';
import { openLocally } from './reopenLocally';

/** Files that the question names. */
const SHOWN_DIFFERENCES = 10;

/** Removes a machine and its disk; asks first unless the VM is known to hold nothing that the folder lacks. */
export async function removeMachine(context: CommandContext): Promise<void> {
  const machine = await pickMachine(context, vscode.l10n.t('Which machine should be removed?'));
  if (!machine || !(await mayRemove(context, machine))) {
    return;
  }
  const title = vscode.l10n.t('Removing {0}', printable(machine.name, 120));
  const removed = await attempt(context, title, (signal) => context.app.remove(machine.id, { signal }));
  context.attachments.refresh();
  if (!removed) {
    return;
  }
  const wasOpenHere = context.attachments.get(machine.id) !== undefined;
  await context.hostFolders.forget(machine.id);
  if (wasOpenHere) {
    await openLocally(machine.folder);
  }
}

async function mayRemove(context: CommandContext, machine: MachineInfo): Promise<boolean> {
  const name = printable(machine.name, 120);
  if (machine.state !== 'running') {
    const start = vscode.l10n.t('Start and Compare');
    const anyway = vscode.l10n.t('Remove Anyway');
    const pressed = await vscode.window.showWarningMessage(
      vscode.l10n.t('Remove {0} and everything in it?', name),
      {
        modal: true,
        detail: vscode.l10n.t(
          'It is {0}, so its files cannot be compared with the folder on this computer. What was only written in the VM is lost.',
          machine.state,
        ),
      },
      start,
      anyway,
    );
    if (pressed !== start) {
      return pressed === anyway;
    }
    if (!(await bringUp(context, machine))) {
      return false;
    }
  }
  const title = vscode.l10n.t('Comparing {0} with its folder', name);
  const compared = await attempt(context, title, (signal) =>
    // One more than is shown says whether there are more; a failure is an answer too.
    context.app.differences(machine.id, { signal, limit: SHOWN_DIFFERENCES + 1 }).then(
      (differences) => ({ differences }),
      (error: unknown) => {
        if (signal.aborted) {
          throw error;
        }
        context.log.error(`${machine.id}: ${messageOf(error)}`);
        return { failure: printable(messageOf(error), 500) };
      },
    ),
  );
  if (!compared) {
    return false;
  }
  return 'failure' in compared.value
    ? confirm(
        name,
        vscode.l10n.t(
          'Its files could not be compared with the folder on this computer: {0}',
          compared.value.failure,
        ),
      )
    : compared.value.differences.length === 0 || confirm(name, describe(compared.value.differences));
}

function describe(differences: WorkspaceDifference[]): string {
  const kinds = {
    added: vscode.l10n.t('only in the VM'),
    modified: vscode.l10n.t('different in the VM'),
    deleted: vscode.l10n.t('deleted in the VM'),
  };
  const lines = differences
    .slice(0, SHOWN_DIFFERENCES)
    .map(({ path, kind }) => `${printable(path, 200).replaceAll('\n', ' ')} (${kinds[kind]})`);
  const more = differences.length > SHOWN_DIFFERENCES ? [vscode.l10n.t('…and more')] : [];
  const intro = vscode.l10n.t('These files differ from the folder on this computer and are lost with it:');
  return [intro, '', ...lines, ...more].join('\n');
}

async function confirm(name: string, detail: string): Promise<boolean> {
  const remove = vscode.l10n.t('Remove');
  const message = vscode.l10n.t('Remove {0} and everything in it?', name);
  return (await vscode.window.showWarningMessage(message, { modal: true, detail }, remove)) === remove;
}
