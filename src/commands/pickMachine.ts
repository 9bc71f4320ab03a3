import * as vscode from 'vscode';
import { machineFolder } from '../attach/terminalProfile';
import { forLabel } from '../core/plainText';
import type { MachineInfo, MachineState } from '../machine/hypervisor';
import type { CommandContext } from './commandContext';
import { COMMAND_IDS } from './commandIds';
import { sayNext } from './sayNext';

/** The window's machine; in any other window the user picks one of those in `states` (all, if left out). */
export async function pickMachine(
  context: CommandContext,
  placeHolder: string,
  states?: MachineState[],
): Promise<MachineInfo | undefined> {
  const own = machineFolder();
  return own ? context.app.find(own.id) : pickAnyMachine(context, placeHolder, states);
}

/** As `pickMachine`, but asks in the window of a machine too. */
export async function pickAnyMachine(
  context: CommandContext,
  placeHolder: string,
  states?: MachineState[],
): Promise<MachineInfo | undefined> {
  const machines = (await context.app.list()).filter(({ state }) => !states || states.includes(state));
  if (machines.length === 0) {
    const message = vscode.l10n.t('There is no Bulkhead machine that this can be done with.');
    await sayNext(message, vscode.l10n.t('Open in Isolated VM'), COMMAND_IDS.openInVm);
    return undefined;
  }
  const items = machines.map((machine) => ({
    label: forLabel(machine.name),
    description: `${machine.id}: ${machine.state}`,
    detail: forLabel(machine.folder, 300),
    machine,
  }));
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.machine;
}
