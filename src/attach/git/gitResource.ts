import * as vscode from 'vscode';
import { forLabel } from '../../core/plainText';
import type { GitChange } from '../../guest/git/gitStatus';
import { SCHEME } from '../machineUri';
import { type GroupId, lookOf } from './changeLook';
import { absolutePath } from './gitPaths';
import type { RepositorySource } from './repositorySource';

/** Opens the diff of a row in the SCM view; the command's implementation is in commands/git. */
export const OPEN_CHANGE_COMMAND = 'bulkhead.git.openChange';

/** One row of the SCM view. */
export class GitResource implements vscode.SourceControlResourceState {
  readonly resourceUri: vscode.Uri;
  readonly contextValue: string;
  readonly command: vscode.Command;
  readonly decorations: vscode.SourceControlResourceDecorations;

  constructor(
    readonly source: RepositorySource,
    readonly change: GitChange,
    readonly group: GroupId,
  ) {
    const path = absolutePath(source.root, change.path);
    this.resourceUri = vscode.Uri.from({ scheme: SCHEME, authority: source.id, path });
    this.contextValue = change.repository ? 'repository' : 'file';
    this.command = {
      command: OPEN_CHANGE_COMMAND,
      title: vscode.l10n.t('Open Changes'),
      arguments: [this],
    };
    const look = lookOf(change, group);
    const from = change.originalPath === undefined ? '' : ` (${forLabel(change.originalPath, 200)})`;
    this.decorations = {
      strikeThrough: look.deleted,
      tooltip: `${lookWord(look.word)}${from}`,
    };
  }
}

export function lookWord(word: ReturnType<typeof lookOf>['word']): string {
  switch (word) {
    case 'Modified':
      return vscode.l10n.t('Modified');
    case 'Type Changed':
      return vscode.l10n.t('Type Changed');
    case 'Added':
      return vscode.l10n.t('Added');
    case 'Deleted':
      return vscode.l10n.t('Deleted');
    case 'Renamed':
      return vscode.l10n.t('Renamed');
    case 'Copied':
      return vscode.l10n.t('Copied');
    case 'Untracked':
      return vscode.l10n.t('Untracked');
    case 'Conflict':
      return vscode.l10n.t('Conflict');
  }
}
