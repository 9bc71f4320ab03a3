import * as vscode from 'vscode';
import { showInformation } from '../attach/notify';
import type { MachineInfo, MachineState } from '../machine/hypervisor';
import type { CommandContext } from './commandContext';
import { pickMachine } from './pickMachine';
import { sayNext } from './sayNext';
import { machineIdsOf } from './treeArguments';

/**
 * The machines that a command is meant for: the rows of a tree that it was called on, as far as they are in one of
 * `states`; else the window's machine; else one that the user picks. Empty if there is none.
 */
export async function targetMachines(
  context: CommandContext,
  args: readonly unknown[],
  placeHolder: string,
  states?: MachineState[],
): Promise<MachineInfo[]> {
  const ids = machineIdsOf(args);
  if (ids.length === 0 && args.length > 0) {
    // The tree was read again at that moment. Never another machine than the one that was clicked.
    await showInformation(vscode.l10n.t('The row has just changed. Please try again.'));
    return [];
  }
  if (ids.length === 0) {
    const picked = await pickMachine(context, placeHolder, states);
    return picked ? [picked] : [];
  }
  const machines = (await context.app.list()).filter(
    ({ id, state }) => ids.includes(id) && (!states || states.includes(state)),
  );
  if (machines.length === 0) {
    // The row was older than the machine's state.
    context.machines.refresh().catch(() => undefined);
    const message = vscode.l10n.t('The machine is no longer in a state for that.');
    await sayNext(message, vscode.l10n.t('Show Machines'), 'bulkhead.machines.focus');
  }
  return machines;
}

/** As `targetMachines`, for a command that means one machine. */
export async function targetMachine(
  context: CommandContext,
  args: readonly unknown[],
  placeHolder: string,
  states?: MachineState[],
): Promise<MachineInfo | undefined> {
  return (await targetMachines(context, args.slice(0, 1), placeHolder, states))[0];
}
