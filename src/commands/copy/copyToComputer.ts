import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { guestPathOf, machineIdOf } from '../../attach/machineUri';
import { showInformation } from '../../attach/notify';
import { messageOf } from '../../core/errors';
import { forLabel } from '../../core/plainText';
import type { CopyPlan } from '../../guest/copy/copyTree';
import type { CopyUndo } from '../../guest/copy/copyUndo';
import { lateProgress } from '../../views/lateProgress';
import { attempt, type CommandContext } from '../commandContext';
import { copyQuestions } from './copyQuestions';
import { showSummary } from './copySummary';

/** What a copy replaced is kept for "Undo" this long (ms). */
const UNDO_MS = 120_000;

/** Files and folders of the VM, picked in the explorer (or the one in the editor), go into a folder of this computer. */
export async function copyToComputer(context: CommandContext, ...args: unknown[]): Promise<void> {
  const picked = pickedInVm(args);
  const [first] = picked;
  if (!first) {
    await showInformation(vscode.l10n.t('Select files of the VM in the explorer first.'));
    return;
  }
  // Brought up if nobody has asked for it yet.
  await context.attachments.hold(first.id).machine();
  const sources = picked.filter(({ id }) => id === first.id).map(({ path }) => path);
  const looked = await attempt(
    context,
    vscode.l10n.t('Looking at what is to be copied'),
    (signal) => context.app.surveyGuest(first.id, sources, { signal }),
    lateProgress,
  );
  const wishes = looked && (await askWishes(looked.value));
  const folder = wishes && (await chooseFolder());
  if (!folder) {
    return;
  }
  const title = vscode.l10n.t('Copying to {0}', forLabel(folder.fsPath, 100));
  const options = { ...wishes, folder: folder.fsPath, questions: copyQuestions() };
  const done = await attempt(
    context,
    title,
    (signal, onProgress) => context.app.copyOut(first.id, looked.value, { ...options, signal, onProgress }),
    lateProgress,
  );
  if (done) {
    const { undo, ...result } = done.value;
    await undo.remember();
    // Not awaited: a notification can stay for hours.
    offerUndo(context, undo, showSummary(context, result, folder.fsPath, buttons()), result.placed).catch(
      (error: unknown) => context.log.error(messageOf(error)),
    );
  }
}

const reveal = () => vscode.l10n.t('Reveal');
const undoLabel = () => vscode.l10n.t('Undo');

/** A browser has no file manager to reveal in. */
function buttons(): string[] {
  return vscode.env.uiKind === vscode.UIKind.Web ? [undoLabel()] : [reveal(), undoLabel()];
}

async function offerUndo(
  context: CommandContext,
  undo: CopyUndo,
  pressing: Promise<string | undefined>,
  placed: string[],
): Promise<void> {
  let late = false;
  const settle = async () => {
    late = true;
    await undo.settle();
  };
  const timer = setTimeout(() => {
    settle().catch((error: unknown) => context.log.warn(messageOf(error)));
  }, UNDO_MS);
  const pressed = await pressing;
  clearTimeout(timer);
  if (pressed === undoLabel() && late) {
    await showInformation(vscode.l10n.t('It is too late to undo this copy.'));
  } else if (pressed === undoLabel()) {
    const kept = await undo.undo();
    const text =
      kept.length === 0
        ? vscode.l10n.t('The copy was undone.')
        : vscode.l10n.t('The copy was undone; {0} files stay, because they were changed since.', kept.length);
    await showInformation(text);
    return;
  } else if (pressed === reveal() && placed[0] !== undefined) {
    await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(placed[0]));
  }
  if (!late) {
    await settle();
  }
}

function pickedInVm(args: readonly unknown[]): { id: string; path: string }[] {
  const [clicked, selected] = args;
  const editor = vscode.window.activeTextEditor?.document.uri;
  const uris = Array.isArray(selected) && selected.length > 0 ? selected : [clicked ?? editor];
  return uris.flatMap((uri: unknown) => {
    const id = uri instanceof vscode.Uri ? machineIdOf(uri) : undefined;
    const path = uri instanceof vscode.Uri ? guestPathOf(uri) : undefined;
    return id !== undefined && path !== undefined ? [{ id, path }] : [];
  });
}

interface Wish extends vscode.QuickPickItem {
  wish: 'executable' | 'git';
}

/** What is not copied as it is unless the user ticks it. Undefined if that was cancelled. */
async function askWishes(plan: CopyPlan): Promise<{ executable: boolean; git: boolean } | undefined> {
  const rows: Wish[] = [
    ...(plan.hasExecutables
      ? [
          {
            wish: 'executable' as const,
            label: vscode.l10n.t('Keep executable bits'),
            detail: vscode.l10n.t('What came from the VM can then be started on this computer.'),
          },
        ]
      : []),
    ...(plan.hasRepository
      ? [
          {
            wish: 'git' as const,
            label: vscode.l10n.t('Copy repositories’ own folders (.git) too'),
            detail: vscode.l10n.t(
              'Their settings and hooks run programs on this computer as soon as git works there.',
            ),
          },
        ]
      : []),
  ];
  if (rows.length === 0) {
    return { executable: false, git: false };
  }
  const picked = await vscode.window.showQuickPick(rows, {
    canPickMany: true,
    title: vscode.l10n.t('Copy to This Computer'),
    placeHolder: vscode.l10n.t('Left out unless ticked'),
    ignoreFocusOut: true,
  });
  return picked && { executable: picked.some(isWish('executable')), git: picked.some(isWish('git')) };
}

function isWish(wish: Wish['wish']): (row: Wish) => boolean {
  return (row) => row.wish === wish;
}

async function chooseFolder(): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    defaultUri: vscode.Uri.file(homedir()),
    title: vscode.l10n.t('Copy to Which Folder of This Computer?'),
    openLabel: vscode.l10n.t('Copy Here'),
  });
  return chosen?.[0];
}
