import * as vscode from 'vscode';
import { showInformation } from '../../attach/notify';
import { forLabel } from '../../core/plainText';
import { lateProgress } from '../../views/lateProgress';
import { visibleText } from '../../views/review/visibleText';
import { attempt } from '../commandContext';
import { mergeCommand } from './mergeCommand';
import type { ReviewContext } from './reviewContext';

/** Brings the VM's commits into the repository on this computer, as refs of their own, and says how to merge them. */
export async function fetchCommits(context: ReviewContext): Promise<void> {
  const { l10n } = vscode;
  const { machine } = context.review.current ?? {};
  if (!machine) {
    return;
  }
  const title = l10n.t('Fetching commits from {0}', forLabel(machine.name));
  const done = await attempt(
    context,
    title,
    (signal) => context.app.fetchCommits(machine.id, { signal }),
    lateProgress,
  );
  if (!done) {
    return;
  }
  const [first, ...others] = done.value;
  if (!first) {
    await showInformation(l10n.t('There are no commits to fetch.'));
    return;
  }
  for (const { ref, hash, commits } of done.value) {
    context.log.info(`${visibleText(ref)}: ${commits} commits, ${visibleText(hash, 64)}`);
  }
  const command = mergeCommand(first);
  const copy = l10n.t('Copy Merge Command');
  const where =
    others.length === 0
      ? visibleText(first.ref)
      : l10n.t('{0} and {1} more', visibleText(first.ref), others.length);
  const message = l10n.t(
    'Fetched to {0}; no file was changed. Look at them with "git log", then merge them with: {1}',
    where,
    command,
  );
  if ((await showInformation(message, copy)) === copy) {
    await vscode.env.clipboard.writeText(command);
  }
}
