import * as vscode from 'vscode';
import { askLine } from '../../attach/notify';
import { isName } from '../../guest/git/gitStatus';
import type { CommandContext } from '../commandContext';
import { onRepository, repositoryOf } from './repositoryOf';

/** Makes a branch from what is checked out, and switches to it. */
export async function createBranch(context: CommandContext, ...args: unknown[]): Promise<void> {
  const source = await repositoryOf(context, args);
  if (!source) {
    return;
  }
  const name = await askLine({
    title: vscode.l10n.t('Create Branch'),
    prompt: vscode.l10n.t('Name of the new branch'),
    problem: (text) =>
      isName(text.trim()) ? undefined : vscode.l10n.t('git does not allow this name for a branch.'),
  });
  if (name !== undefined) {
    await onRepository(source, (repository) => repository.createBranch(name.trim()));
  }
}
