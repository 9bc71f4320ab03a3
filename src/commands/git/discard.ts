import * as vscode from 'vscode';
import type { GitResource } from '../../attach/git/gitResource';
import { forLabel } from '../../core/plainText';
import type { CommandContext } from '../commandContext';
import { forEachRepository, groupOf, onRepository, repositoryOf, rowsOf } from './repositoryOf';

/** Files that the question names. */
const NAMED = 10;

/** Puts files back as they were staged or committed, and deletes untracked ones: after a question, for that work is lost. */
export async function discard(_context: CommandContext, ...args: unknown[]): Promise<void> {
  await discardRows(rowsOf(args));
}

/** All rows of a group; from the palette, all unstaged changes. */
export async function discardAll(context: CommandContext, ...args: unknown[]): Promise<void> {
  const source = await repositoryOf(context, args);
  if (!source) {
    return;
  }
  const group = groupOf(source, args[0]);
  const groups = group ? [group] : (['workingTree', 'untracked'] as const);
  await discardRows(groups.flatMap((each) => [...source.resources(each)]));
}

async function discardRows(rows: GitResource[]): Promise<void> {
  // A repository inside this one is nobody's single change, and what is staged is unstaged first.
  const doomed = rows.filter(
    ({ change, group }) => !change.repository && (group === 'workingTree' || group === 'untracked'),
  );
  if (doomed.length === 0 || !(await confirm(doomed))) {
    return;
  }
  await forEachRepository(doomed, async (source, own) => {
    const paths = (untracked: boolean) =>
      own.filter(({ group }) => (group === 'untracked') === untracked).map(({ change }) => change.path);
    await onRepository(source, (repository) =>
      repository.discard({ tracked: paths(false), untracked: paths(true) }),
    );
  });
}

async function confirm(rows: GitResource[]): Promise<boolean> {
  const untracked = rows.filter(({ group }) => group === 'untracked').length;
  const edited = rows.length - untracked;
  const first = rows[0] ? forLabel(rows[0].change.path, 120) : '';
  const message =
    rows.length > 1
      ? vscode.l10n.t('Discard the changes of {0} files?', rows.length)
      : untracked > 0
        ? vscode.l10n.t('Delete {0}?', first)
        : vscode.l10n.t('Discard the changes in {0}?', first);
  const names = rows.slice(0, NAMED).map(({ change }) => forLabel(change.path, 120));
  const detail = [
    ...(edited > 0 ? [vscode.l10n.t('What was changed in the VM and not staged is lost.')] : []),
    ...(untracked > 0 ? [vscode.l10n.t('{0} untracked files are deleted.', untracked)] : []),
    ...(rows.length > 1 ? ['', ...names] : []),
    ...(rows.length > NAMED ? [vscode.l10n.t('…and {0} more', rows.length - NAMED)] : []),
  ].join('\n');
  const yes = edited > 0 ? vscode.l10n.t('Discard') : vscode.l10n.t('Delete');
  return (await vscode.window.showWarningMessage(message, { modal: true, detail }, yes)) === yes;
}
