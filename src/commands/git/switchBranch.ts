import * as vscode from 'vscode';
import { forLabel } from '../../core/plainText';
import type { Branch } from '../../guest/git/gitRepository';
import type { CommandContext } from '../commandContext';
import { createBranch } from './createBranch';
import { onRepository, repositoryOf } from './repositoryOf';

interface Row extends vscode.QuickPickItem {
  branch?: Branch;
}

/** Offers the branches, and to make one. */
export async function switchBranch(context: CommandContext, ...args: unknown[]): Promise<void> {
  const source = await repositoryOf(context, args);
  if (!source) {
    return;
  }
  const create: Row = { label: `$(plus) ${vscode.l10n.t('Create New Branch…')}` };
  const rows = source.repository.branches().then((branches) => [create, ...branches.map(rowOf)]);
  const placeHolder = vscode.l10n.t('Switch {0} in the VM to a branch', source.name);
  const picked = await vscode.window.showQuickPick(rows, { placeHolder, matchOnDescription: true });
  if (picked === undefined) {
    return;
  }
  const { branch } = picked;
  if (!branch) {
    await createBranch(context, source.control);
  } else if (!branch.current) {
    await onRepository(source, (repository) => repository.switchTo(branch));
  }
}

function rowOf(branch: Branch): Row {
  const icon = branch.current ? 'check' : branch.remote ? 'cloud' : 'git-branch';
  return {
    label: `$(${icon}) ${forLabel(branch.name, 120)}`,
    description: forLabel(branch.subject, 120),
    branch,
  };
}
