import * as vscode from 'vscode';
import { showInformation, showProgress, showWarning } from '../../attach/notify';
import type { AppliedChanges } from '../../review/reviewService';
import { visibleText } from '../../views/review/visibleText';
import { targetMachine } from '../targetMachines';
import { lookAtChanges } from './lookAtChanges';
import type { ReviewContext } from './reviewContext';

/** Paths that a row of the list names. */
const NAMED = 5;

/** Puts back what the folder had before changes of a machine were brought into it; also those of an earlier day. */
export async function undoBringingBack(context: ReviewContext, ...args: unknown[]): Promise<void> {
  const { l10n } = vscode;
  const machine = await targetMachine(context, args, l10n.t('Whose changes should be taken back?'));
  if (!machine) {
    return;
  }
  const applied = await context.app.appliedChanges(machine.id);
  if (applied.length === 0) {
    await showInformation(l10n.t('Nothing that was brought back from this machine can be undone.'));
    return;
  }
  const picked = await vscode.window.showQuickPick(applied.map(row), {
    title: l10n.t('Undo Bringing Back'),
    placeHolder: l10n.t('The folder gets back what these changes replaced'),
  });
  if (picked) {
    await undoApply(context, picked.applyId, machine.id);
  }
}

function row({ applyId, at, paths, folder }: AppliedChanges): vscode.QuickPickItem & { applyId: string } {
  const named = paths.slice(0, NAMED).map((path) => visibleText(path, 60));
  const count = paths.length === 1 ? vscode.l10n.t('1 change') : vscode.l10n.t('{0} changes', paths.length);
  return {
    applyId,
    label: `${count}, ${new Date(at).toLocaleString()}`,
    description: visibleText(folder, 100),
    detail: [...named, ...(paths.length > NAMED ? ['…'] : [])].join(', '),
  };
}

/** Undoes one, and says what stays as it is because it was changed since. */
export async function undoApply(context: ReviewContext, applyId: string, machineId: string): Promise<void> {
  const { l10n } = vscode;
  // It can't be cancelled: half of it would be neither the one nor the other.
  const { restored, kept } = await showProgress(
    { location: vscode.ProgressLocation.Window, title: l10n.t('Putting back what was replaced') },
    () => context.app.undoApply(applyId),
  );
  const what =
    restored.length === 1
      ? l10n.t('1 change was undone.')
      : l10n.t('{0} changes were undone.', restored.length);
  context.log.info(what);
  for (const path of kept) {
    context.log.warn(`${visibleText(path)}: it was changed since, and stays as it is`);
  }
  // Not awaited: a notification can stay for hours.
  void (kept.length === 0
    ? showInformation(what)
    : showWarning(
        l10n.t(
          '{0} These stay as they are, because they were changed since: {1}',
          what,
          [
            ...kept.slice(0, NAMED).map((path) => visibleText(path, 80)),
            ...(kept.length > NAMED ? ['…'] : []),
          ].join(', '),
        ),
      ));
  const { current } = context.review;
  if (current?.machine.id === machineId) {
    await lookAtChanges(context, current.machine);
  }
}
