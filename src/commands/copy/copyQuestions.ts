import * as vscode from 'vscode';
import { CancelledError } from '../../core/errors';
import { forLabel } from '../../core/plainText';
import type { ConflictAnswer, CopyQuestions } from '../../guest/copy/copyTree';
import { formatBytes } from '../../views/progressText';

interface Choice extends vscode.QuickPickItem {
  answer: ConflictAnswer;
  forAll: boolean;
}

/** Asks in the window; an answer can be for all that follow. */
export function copyQuestions(): CopyQuestions {
  let forAll: ConflictAnswer | undefined;
  return {
    async isLargeFine({ files, bytes }) {
      const copy = vscode.l10n.t('Copy');
      const message = vscode.l10n.t('Copy {0} files, {1}?', files, formatBytes(bytes));
      return (await vscode.window.showWarningMessage(message, { modal: true }, copy)) === copy;
    },
    async onConflict({ path, canReplace }) {
      if (forAll !== undefined && (canReplace || forAll !== 'overwrite')) {
        return forAll;
      }
      const picked = await vscode.window.showQuickPick(choices(canReplace), {
        title: vscode.l10n.t('"{0}" is there already', forLabel(path, 200)),
        placeHolder: canReplace
          ? vscode.l10n.t('What should happen with it?')
          : vscode.l10n.t('One of the two is a folder, so it cannot be replaced.'),
        ignoreFocusOut: true,
      });
      if (!picked) {
        throw new CancelledError();
      }
      forAll = picked.forAll ? picked.answer : forAll;
      return picked.answer;
    },
  };
}

function choices(canReplace: boolean): Choice[] {
  const keep: Choice[] = [
    { label: vscode.l10n.t('Keep Both'), answer: 'keepBoth', forAll: false },
    { label: vscode.l10n.t('Skip'), answer: 'skip', forAll: false },
    { label: vscode.l10n.t('Keep Both for All'), answer: 'keepBoth', forAll: true },
    { label: vscode.l10n.t('Skip All'), answer: 'skip', forAll: true },
  ];
  return canReplace
    ? [
        { label: vscode.l10n.t('Overwrite'), answer: 'overwrite', forAll: false },
        ...keep,
        { label: vscode.l10n.t('Overwrite All'), answer: 'overwrite', forAll: true },
      ]
    : keep;
}
