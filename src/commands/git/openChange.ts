import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { GitResource } from '../../attach/git/gitResource';
import { versionUri } from '../../attach/git/gitUri';
import { forLabel } from '../../core/plainText';
import type { CommandContext } from '../commandContext';
import { rowsOf } from './repositoryOf';

/** Shows what changed in a row of the SCM view: a diff where there are two versions, else the one there is. */
export async function openChange(_context: CommandContext, ...args: unknown[]): Promise<void> {
  for (const row of rowsOf(args)) {
    await open(row);
  }
}

/** Opens the file as it is in the VM now. */
export async function openFile(_context: CommandContext, ...args: unknown[]): Promise<void> {
  for (const { resourceUri } of rowsOf(args)) {
    await vscode.commands.executeCommand('vscode.open', resourceUri);
  }
}

async function open(row: GitResource): Promise<void> {
  const { source, change, group, resourceUri } = row;
  if (change.repository) {
    return;
  }
  const version = (name: 'HEAD' | ':0', path = resourceUri.path) =>
    versionUri(source.id, source.root, path, name);
  const name = forLabel(posix.basename(change.path), 80);
  if (group === 'workingTree' && change.worktree !== 'D') {
    const title = vscode.l10n.t('{0} (Working Tree)', name);
    await vscode.commands.executeCommand('vscode.diff', version(':0'), resourceUri, title);
  } else if (group === 'workingTree') {
    await vscode.commands.executeCommand(
      'vscode.open',
      version(':0'),
      undefined,
      vscode.l10n.t('{0} (Deleted)', name),
    );
  } else if (group === 'index') {
    await openStaged(row, name);
  } else {
    await vscode.commands.executeCommand('vscode.open', resourceUri);
  }
}

async function openStaged({ source, change, resourceUri }: GitResource, name: string): Promise<void> {
  const version = (which: 'HEAD' | ':0', path: string) => versionUri(source.id, source.root, path, which);
  const before =
    change.originalPath === undefined ? resourceUri.path : posix.join(source.root, change.originalPath);
  if (change.index === 'A') {
    const title = vscode.l10n.t('{0} (Index)', name);
    await vscode.commands.executeCommand('vscode.open', version(':0', resourceUri.path), undefined, title);
  } else if (change.index === 'D') {
    const title = vscode.l10n.t('{0} (Deleted)', name);
    await vscode.commands.executeCommand('vscode.open', version('HEAD', before), undefined, title);
  } else {
    const title = vscode.l10n.t('{0} (Index)', name);
    const sides = [version('HEAD', before), version(':0', resourceUri.path)] as const;
    await vscode.commands.executeCommand('vscode.diff', ...sides, title);
  }
}
