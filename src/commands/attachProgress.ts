import * as vscode from 'vscode';
import type { PresentBringUp } from '../attach/attachment';
import { showWarning } from '../attach/notify';
import { DisposableList } from '../core/disposables';
import { CancelledError, messageOf } from '../core/errors';
import type { Log } from '../core/log';
import { forLabel, forMessage } from '../core/plainText';
import { withProgress } from '../views/withProgress';
import { attachFailure } from './attachFailure';
import type { CommandContext } from './commandContext';

/** For `when` clauses and the walkthrough: this window has a machine that answers. */
const ATTACHED_CONTEXT = 'bulkhead.attached';

/** Brings a machine up for a window that was opened on it: one notification for all who wait for its files. */
export function presentBringUp(log: Log): PresentBringUp {
  return async (info, work) => {
    const name = forLabel(info.name);
    const title =
      info.state === 'suspended' ? vscode.l10n.t('Resuming {0}', name) : vscode.l10n.t('Starting {0}', name);
    const outcome = await withProgress(title, log, work);
    if (outcome.ok) {
      return outcome.value;
    }
    throw outcome.cancelled ? new CancelledError() : outcome.error;
  };
}

/** Keeps what a window knows of its machines, and says so when one of them can't be brought up. */
export function followAttachments(context: CommandContext): vscode.Disposable {
  const { attachments, hostFolders, log } = context;
  const disposables = new DisposableList();
  const lost = (error: unknown) => log.error(messageOf(error));
  let wasAttaching = new Set<string>();
  disposables.add(
    attachments.onDidChange(({ attachment, status }) => {
      if (status.kind === 'attached') {
        hostFolders.remember(attachment.id, status.info.folder).catch(lost);
        showNotices(context, attachment.id).catch(lost);
      } else if (status.kind === 'away' && wasAttaching.has(attachment.id)) {
        attachFailure(context, attachment, status.error).catch(lost);
      }
      const held = attachments.list();
      vscode.commands
        .executeCommand(
          'setContext',
          ATTACHED_CONTEXT,
          held.some((each) => each.status.kind === 'attached'),
        )
        .then(undefined, lost);
      wasAttaching = new Set(held.filter((each) => each.status.kind === 'attaching').map(({ id }) => id));
    }),
  );
  return disposables;
}

/** What was left out when the folder was opened. */
async function showNotices({ hostFolders, channel }: CommandContext, id: string): Promise<void> {
  const notices = await hostFolders.takeNotices(id);
  if (notices.length === 0) {
    return;
  }
  const showLog = vscode.l10n.t('Show Log');
  const text = forMessage(notices.join(' '));
  if ((await showWarning(text, showLog)) === showLog) {
    channel.show();
  }
}
