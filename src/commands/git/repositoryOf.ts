import * as vscode from 'vscode';
import type { GroupId } from '../../attach/git/changeLook';
import { GitResource } from '../../attach/git/gitResource';
import type { RepositorySource } from '../../attach/git/repositorySource';
import { showInformation, showProgress } from '../../attach/notify';
import { forLabel } from '../../core/plainText';
import type { GitRepository } from '../../guest/git/gitRepository';
import type { CommandContext } from '../commandContext';

/**
 * The repository that a command means: what the SCM view passes (its control, a group or rows), the window's only one, or
 * the user's choice. Undefined if there is none or nothing was chosen.
 */
export async function repositoryOf(
  { sourceControls }: CommandContext,
  args: readonly unknown[],
): Promise<RepositorySource | undefined> {
  const [first] = args;
  const given =
    first instanceof GitResource
      ? first.source
      : (sourceControls.find(first) ??
        sourceControls.list().find((each) => groupOf(each, first) !== undefined));
  const sources = sourceControls.list();
  if (given || sources.length === 1) {
    return given ?? sources[0];
  }
  if (sources.length === 0) {
    await showInformation(vscode.l10n.t('There is no git repository in this window’s VM.'));
    return undefined;
  }
  const items = sources.map((source) => ({
    label: source.name,
    description: forLabel(source.root, 200),
    source,
  }));
  const placeHolder = vscode.l10n.t('Which repository?');
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.source;
}

export function groupOf(source: RepositorySource, argument: unknown): GroupId | undefined {
  return source.groupId(argument as vscode.SourceControlResourceGroup);
}

/** The rows that a context menu was opened on. */
export function rowsOf(args: readonly unknown[]): GitResource[] {
  return args.flat().filter((each) => each instanceof GitResource);
}

/** Runs something on a repository with the SCM view's progress bar, and shows what it changed, failed or not. */
export async function onRepository<T>(
  source: RepositorySource,
  work: (repository: GitRepository) => Promise<T>,
): Promise<T> {
  return showProgress({ location: vscode.ProgressLocation.SourceControl }, async () => {
    try {
      return await work(source.repository);
    } finally {
      await source.refreshNow();
    }
  });
}

/** Every path that a change is about: a rename is about two. */
export function pathsOf(rows: readonly GitResource[]): string[] {
  return rows.flatMap(({ change }) =>
    change.originalPath !== undefined && change.index === 'R'
      ? [change.path, change.originalPath]
      : [change.path],
  );
}

/** Does `work` for the rows of each repository. */
export async function forEachRepository(
  rows: readonly GitResource[],
  work: (source: RepositorySource, rows: GitResource[]) => Promise<void>,
): Promise<void> {
  for (const source of new Set(rows.map((row) => row.source))) {
    await work(
      source,
      rows.filter((row) => row.source === source),
    );
  }
}
