import { join } from 'node:path';
import * as vscode from 'vscode';
import { showInformation, showWarning } from '../../attach/notify';
import { CancelledError, messageOf } from '../../core/errors';
import { forLabel } from '../../core/plainText';
import type { UndoRoomError } from '../../review/apply/applyJournals';
import type { ApplyResult } from '../../review/reviewService';
import { lateProgress } from '../../views/lateProgress';
import type { ReviewModel } from '../../views/review/reviewModel';
import { applyTitle } from '../../views/review/reviewRows';
import { visibleText } from '../../views/review/visibleText';
import { attempt } from '../commandContext';
import { confirmation } from './confirmation';
import { lookAtChanges } from './lookAtChanges';
import { REVIEW_COMMAND_IDS } from './reviewCommandIds';
import type { ReviewContext } from './reviewContext';
import { undoApply } from './undoBringingBack';

/** Brings back what is ticked, after a question that names what is dangerous. Then the review is read again. */
export async function applyChanges(context: ReviewContext): Promise<void> {
  const { l10n } = vscode;
  const { current } = context.review;
  if (!current) {
    await vscode.commands.executeCommand(REVIEW_COMMAND_IDS.bringChangesBack);
    return;
  }
  const { model, machine } = current;
  const selections = model.selections();
  if (selections.length === 0) {
    await showInformation(l10n.t('Tick what should be brought back first.'));
    return;
  }
  const { question, detail } = confirmation(model, l10n);
  // What a button of a dialog says must not look unfinished.
  const apply = applyTitle(selections.length, l10n).replace('…', '');
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, apply)) !== apply) {
    return;
  }
  const title = l10n.t('Bringing changes back from {0}', forLabel(machine.name));
  const done = await attempt(
    context,
    title,
    (signal, onProgress) =>
      applyAsking((dropUndo) =>
        context.app.applyReview(model.review.token, selections, { signal, onProgress, dropUndo }),
      ),
    lateProgress,
  );
  if (done) {
    // Not awaited: a notification can stay for hours.
    report(context, done.value, model).catch((error: unknown) => context.log.error(messageOf(error)));
  }
  // Also after a failure: the folder or the machine is another than what was looked at.
  await lookAtChanges(context, machine);
}

/** An undo is given up only by who was asked. */
async function applyAsking(apply: (dropUndo: boolean) => Promise<ApplyResult>): Promise<ApplyResult> {
  try {
    return await apply(false);
  } catch (error) {
    if (!isUndoRoom(error)) {
      throw error;
    }
    const { l10n } = vscode;
    const give = l10n.t('Apply, and Give Them Up');
    const question = l10n.t('There is no room to keep what these changes replace.');
    const detail = l10n.t('The {0} oldest that can be undone would be given up for it.', error.lost);
    if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, give)) !== give) {
      throw new CancelledError();
    }
    return apply(true);
  }
}

/** By its name: the class is in another bundle than this one. */
function isUndoRoom(error: unknown): error is UndoRoomError {
  return error instanceof Error && error.name === 'UndoRoomError';
}

async function report(
  context: ReviewContext,
  { applyId, applied, refused, notes }: ApplyResult,
  model: ReviewModel,
): Promise<void> {
  const { l10n } = vscode;
  const { folder, machineId } = model.review;
  const undo = l10n.t('Undo');
  const show = l10n.t('Show');
  const why = l10n.t('Show Refused');
  const what =
    applied.length === 1
      ? l10n.t('1 change was brought back to {0}.', forLabel(folder))
      : l10n.t('{0} changes were brought back to {1}.', applied.length, forLabel(folder));
  context.log.info(what);
  for (const { path, why: reason } of refused) {
    context.log.warn(`${visibleText(path)}: ${visibleText(reason, 500)}`);
  }
  for (const note of notes) {
    context.log.warn(visibleText(note, 500));
    void showWarning(visibleText(note, 500));
  }
  const written = applied.filter((path) => model.change(path)?.kind !== 'deleted');
  const buttons = applied.length === 0 ? [] : written.length === 0 ? [undo] : [undo, show];
  const [first] = refused;
  const pressed = first
    ? await showWarning(
        l10n.t(
          '{0} Refused: {1} ({2}: {3}). The review shows them as they are now.',
          what,
          refused.length,
          visibleText(first.path, 80),
          visibleText(first.why, 200),
        ),
        ...buttons,
        why,
      )
    : await showInformation(what, ...buttons);
  if (pressed === undo) {
    await undoApply(context, applyId, machineId);
  } else if (pressed === show) {
    await showWritten(folder, written);
  } else if (pressed === why) {
    context.channel.show();
  }
}

/** Opens a file that was brought back, as it is in the folder now. */
async function showWritten(folder: string, written: string[]): Promise<void> {
  const items = written.map((path) => ({ label: visibleText(path), path }));
  const [only] = items;
  const picked =
    items.length === 1
      ? only
      : await vscode.window.showQuickPick(items, {
          placeHolder: vscode.l10n.t('Which of the files that were brought back should open?'),
        });
  if (picked) {
    await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(join(folder, picked.path)));
  }
}
