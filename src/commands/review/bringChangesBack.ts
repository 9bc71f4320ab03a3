import * as vscode from 'vscode';
import { showInformation } from '../../attach/notify';
import { forLabel } from '../../core/plainText';
import type { MachineInfo } from '../../machine/hypervisor';
import { stateName } from '../../views/machines/machineRows';
import { REVIEW_VIEW } from '../../views/review/reviewTree';
import { bringUp } from '../machineLifecycle';
import { targetMachine } from '../targetMachines';
import { lookAtChanges } from './lookAtChanges';
import type { ReviewContext } from './reviewContext';

/** Shows what a machine changed since its folder was copied into it, for the user to pick what comes back. */
export async function bringChangesBack(context: ReviewContext, ...args: unknown[]): Promise<void> {
  const machine = await targetMachine(
    context,
    isSourceControl(args[0]) ? [] : args,
    vscode.l10n.t('Which machine’s changes should be brought back?'),
  );
  if (!machine || isMounted(machine) || !(await isUp(context, machine))) {
    return;
  }
  const { id, name, folder } = machine;
  const review = await lookAtChanges(context, { id, name });
  if (!review) {
    return;
  }
  if (review.changes.length === 0 && review.commits.length === 0) {
    await showInformation(
      vscode.l10n.t('Nothing to bring back: the VM has changed nothing of {0}.', forLabel(folder)),
    );
    return;
  }
  await vscode.commands.executeCommand(`${REVIEW_VIEW}.focus`);
}

/** A machine that was given the folder itself has no copy that could differ from it. */
function isMounted({ workspaceMode, name }: MachineInfo): boolean {
  if (workspaceMode !== 'mount') {
    return false;
  }
  void showInformation(
    vscode.l10n.t(
      '{0} works on the folder of this computer itself: there is nothing to bring back.',
      forLabel(name),
    ),
  );
  return true;
}

/** The button in the Source Control view passes that view's model. */
function isSourceControl(argument: unknown): boolean {
  return typeof argument === 'object' && argument !== null && 'inputBox' in argument;
}

/** Its files can be looked at only while it runs. */
async function isUp(context: ReviewContext, machine: MachineInfo): Promise<boolean> {
  if (machine.state === 'running') {
    return true;
  }
  const { l10n } = vscode;
  const start = machine.state === 'suspended' ? l10n.t('Resume') : l10n.t('Start');
  const question = l10n.t(
    '{0} is {1}. Its files can be looked at while it runs.',
    forLabel(machine.name),
    stateName(machine.state, l10n),
  );
  const pressed = await vscode.window.showInformationMessage(question, { modal: true }, start);
  return pressed === start && bringUp(context, machine);
}
