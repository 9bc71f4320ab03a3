import * as vscode from 'vscode';
import type { Attachment } from '../attach/attachment';
import { isCancelled } from '../core/errors';
import { showError } from '../views/errorNotification';
import type { CommandContext } from './commandContext';
import { COMMAND_IDS } from './commandIds';

/** A machine that a window needs did not come up: says why, and offers to try again or to leave. */
export async function attachFailure(
  context: CommandContext,
  attachment: Attachment,
  error: Error,
): Promise<void> {
  const retry = vscode.l10n.t('Retry');
  const local = vscode.l10n.t('Reopen Locally');
  const reason = isCancelled(error)
    ? new Error(vscode.l10n.t('The machine was not started: cancelled.'), { cause: error })
    : error;
  const pressed = await showError(reason, context.log, context.channel, [retry, local]);
  if (pressed === retry) {
    // If it fails again, this notification comes again.
    await attachment.attach().catch(() => undefined);
  } else if (pressed === local) {
    await vscode.commands.executeCommand(COMMAND_IDS.reopenLocally);
  }
}
