import * as vscode from 'vscode';
import type { MachineInfo } from '../machine/hypervisor';
import type { CommandContext } from './commandContext';
import { bringUp } from './machineLifecycle';
import { openLocally } from './reopenLocally';
import { confirmSeveral, eachMachine, shownName } from './severalMachines';
import { targetMachines } from './targetMachines';
import { confirmLoss, describeLoss, summarizeLoss, whatIsLost } from './whatIsLost';

/** Removes machines and their disks; asks first unless the VM is known to hold nothing that the folder lacks. */
export async function removeMachine(context: CommandContext, ...args: unknown[]): Promise<void> {
  const machines = await targetMachines(context, args, vscode.l10n.t('Which machine should be removed?'));
  const [only] = machines;
  if (machines.length > 1) {
    await removeSeveral(context, machines);
  } else if (only && (await mayRemove(context, only))) {
    const title = vscode.l10n.t('Removing {0}', shownName(only));
    await eachMachine(context, title, [only], 'stopping', (machine, signal) =>
      remove(context, machine, signal),
    );
    await leave(context, [only]);
  }
}

/** One question for all, with what each would lose. */
async function removeSeveral(context: CommandContext, machines: MachineInfo[]): Promise<void> {
  const { l10n } = vscode;
  const comparing = l10n.t('Comparing {0} machines with their folders', machines.length);
  const losses = await whatIsLost(context, comparing, machines);
  if (!losses) {
    return;
  }
  const lines = machines.map((machine) => `${shownName(machine)}: ${summarizeLoss(losses.get(machine.id))}`);
  const question = l10n.t('Remove {0} machines and everything in them?', machines.length);
  if (await confirmSeveral(question, lines.join('\n'), l10n.t('Remove'))) {
    const title = l10n.t('Removing {0} machines', machines.length);
    await eachMachine(context, title, machines, 'stopping', (machine, signal) =>
      remove(context, machine, signal),
    );
    await leave(context, machines);
  }
}

async function remove(context: CommandContext, { id }: MachineInfo, signal: AbortSignal): Promise<void> {
  await context.app.remove(id, { signal });
  await context.hostFolders.forget(id);
  await context.ports.forget(id);
}

/** A window whose machine is gone goes back to the folder it was made from. */
async function leave(context: CommandContext, machines: MachineInfo[]): Promise<void> {
  const open = machines.find(({ id }) =>
    vscode.workspace.workspaceFolders?.some(({ uri }) => uri.authority === id),
  );
  if (open && !(await context.app.list()).some(({ id }) => id === open.id)) {
    await openLocally(open.folder);
  }
}

async function mayRemove(context: CommandContext, machine: MachineInfo): Promise<boolean> {
  const { l10n } = vscode;
  const name = shownName(machine);
  const question = l10n.t('Remove {0} and everything in it?', name);
  if (machine.state !== 'running') {
    const start = l10n.t('Start and Compare');
    const anyway = l10n.t('Remove Anyway');
    const detail = l10n.t(
      'It is {0}, so its files cannot be compared with the folder on this computer. What was only written in the VM is lost.',
      machine.state,
    );
    const pressed = await vscode.window.showWarningMessage(question, { modal: true, detail }, start, anyway);
    if (pressed !== start) {
      return pressed === anyway;
    }
    if (!(await bringUp(context, machine))) {
      return false;
    }
  }
  const running: MachineInfo = { ...machine, state: 'running' };
  const losses = await whatIsLost(context, l10n.t('Comparing {0} with its folder', name), [running]);
  const loss = losses?.get(machine.id);
  if (!loss) {
    return false;
  }
  return (
    (loss.kind === 'differences' && loss.differences.length === 0) ||
    confirmLoss(running, loss, question, describeLoss(loss), l10n.t('Remove'))
  );
}
