import * as vscode from 'vscode';
import { BulkheadError, messageOf } from '../core/errors';
import { type Log, printable } from '../core/log';

/**
 * Tells the user what failed and what to do next, with "Show Log" and the given buttons. The details go to
 * the log. Resolves with the button that was pressed, undefined if none was ("Show Log" shows the log itself).
 */
export async function showError(
  error: unknown,
  log: Log,
  channel: Pick<vscode.OutputChannel, 'show'>,
  buttons: string[] = [],
): Promise<string | undefined> {
  const message = printable(messageOf(error), 1000);
  const next = error instanceof BulkheadError ? error.next : undefined;
  log.error(next ? `${message}. ${next}` : message);
  if (error instanceof BulkheadError && error.details) {
    log.error(error.details);
  }
  const text = next ? `${message.replace(/[.\s]+$/, '')}. ${printable(next, 1000)}` : message;
  const showLog = vscode.l10n.t('Show Log');
  const pressed = await vscode.window.showErrorMessage(text, ...buttons, showLog);
  if (pressed === showLog) {
    channel.show();
    return undefined;
  }
  return pressed;
}
