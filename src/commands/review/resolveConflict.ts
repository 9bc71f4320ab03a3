import * as vscode from 'vscode';
import { messageOf } from '../../core/errors';
import type { ReviewChange } from '../../review/reviewService';
import { dangerTexts } from '../../views/review/dangerText';
import { reviewNodeOf } from '../../views/review/reviewNodes';
import { reviewUri } from '../../views/review/reviewUri';
import { visibleText } from '../../views/review/visibleText';
import type { ReviewContext } from './reviewContext';
import { openDiff } from './showChange';

/** VS Code's own, not part of its API: where it is missing or refuses, a plain editor takes its place. */
const MERGE_EDITOR = '_open.mergeEditor';

interface Choice extends vscode.QuickPickItem {
  choice: 'host' | 'guest' | 'merge' | 'compare';
}

/** Asks what happens with a file that was changed on both sides. Nothing happens without an answer. */
export async function resolveConflict(context: ReviewContext, ...args: unknown[]): Promise<void> {
  const node = reviewNodeOf(args);
  const { model } = context.review.current ?? {};
  const change = model && node?.kind === 'change' ? model.change(node.path) : undefined;
  if (!model || !change || change.conflict === undefined) {
    return;
  }
  const { l10n } = vscode;
  const picked = await vscode.window.showQuickPick(choices(change), {
    title: l10n.t('{0} was changed on both sides', visibleText(change.path)),
    placeHolder: l10n.t('Which should the folder on this computer have?'),
    ignoreFocusOut: true,
  });
  switch (picked?.choice) {
    case 'host':
      model.resolve(change.path, undefined);
      break;
    case 'guest':
      model.resolve(change.path, 'guest');
      break;
    case 'compare':
      await openDiff(model.review.token, change);
      break;
    case 'merge':
      await openMerge(context, model.review.token, change);
      break;
    case undefined:
      break;
  }
  context.review.refresh();
}

function choices(change: ReviewChange): Choice[] {
  const { l10n } = vscode;
  const dangers = dangerTexts(change, l10n).join('; ');
  const isText =
    change.type === 'file' && !change.binary && change.kind !== 'deleted' && change.conflict !== 'deleted';
  return [
    {
      choice: 'host',
      label: l10n.t('Keep Mine'),
      detail: l10n.t('The folder on this computer stays as it is.'),
    },
    {
      choice: 'guest',
      label: l10n.t('Take the VM’s'),
      detail: [
        change.kind === 'deleted'
          ? l10n.t('The file on this computer is deleted.')
          : l10n.t('The file on this computer is replaced.'),
        dangers,
      ]
        .filter((text) => text !== '')
        .join(' '),
    },
    ...(isText
      ? [
          {
            choice: 'merge' as const,
            label: l10n.t('Merge by Hand'),
            detail: l10n.t(
              'Opens both sides and what was copied into the VM. What you save is brought back.',
            ),
          },
        ]
      : []),
    {
      choice: 'compare',
      label: l10n.t('Compare First'),
      detail: l10n.t('Opens the two sides, and changes nothing.'),
    },
  ];
}

/** What the user saves there is the resolution: `ReviewFiles.onDidSaveMerge`. */
async function openMerge(context: ReviewContext, token: string, change: ReviewChange): Promise<void> {
  const { l10n } = vscode;
  const output = reviewUri(token, change, 'merged');
  if ((await vscode.commands.getCommands(false)).includes(MERGE_EDITOR)) {
    try {
      await vscode.commands.executeCommand(MERGE_EDITOR, {
        base: reviewUri(token, change, 'base'),
        input1: { uri: reviewUri(token, change, 'host'), title: l10n.t('This Computer') },
        input2: { uri: reviewUri(token, change, 'guest'), title: l10n.t('VM') },
        output,
      });
      return;
    } catch (error) {
      context.log.warn(`The merge editor did not open: ${messageOf(error)}`);
    }
  }
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(output), { preview: false });
}
