import * as vscode from 'vscode';
import { showFailure } from '../attach/notify';
import { BulkheadError, messageOf } from '../core/errors';
import type { Log } from '../core/log';
import { forMessage } from '../core/plainText';

/** The command of that name: a room above can't import the list of commands. */
const CHECK_SYSTEM = 'bulkhead.checkSystem';

/**
 * Tells the user what failed and what to do next, with the given buttons and those that fit the failure: the place in the
 * settings that is wrong, "Check System" if this host can't, and always "Show Log". The details go to the log. Resolves
 * with the given button that was pressed, undefined if none was.
 */
export async function showError(
  error: unknown,
  log: Log,
  channel: Pick<vscode.OutputChannel, 'show'>,
  buttons: string[] = [],
): Promise<string | undefined> {
  const message = forMessage(messageOf(error));
  const next = error instanceof BulkheadError ? error.next : undefined;
  log.error(next ? `${message}. ${next}` : message);
  if (error instanceof BulkheadError && error.details) {
    log.error(error.details);
  }
  const text = next ? `${message.replace(/[.\s]+$/, '')}. ${forMessage(next)}` : message;
  const own = remedies(error, channel);
  const pressed = await showFailure(text, ...buttons, ...own.keys());
  const remedy = pressed === undefined ? undefined : own.get(pressed);
  if (!remedy) {
    return pressed;
  }
  await remedy();
  return undefined;
}

/** Buttons that the failure itself asks for, and what each does. */
function remedies(
  error: unknown,
  channel: Pick<vscode.OutputChannel, 'show'>,
): Map<string, () => void | Promise<void>> {
  const { t } = vscode.l10n;
  const found = new Map<string, () => void | Promise<void>>();
  const place = placeOf(error);
  if (place) {
    found.set(t('Open File'), async () => {
      const document = await vscode.workspace.openTextDocument(vscode.Uri.file(place.path));
      const at = new vscode.Position(place.line, place.column);
      await vscode.window.showTextDocument(document, { selection: new vscode.Range(at, at) });
    });
  }
  if (error instanceof BulkheadError && error.kind === 'host') {
    found.set(t('Check System'), async () => {
      await vscode.commands.executeCommand(CHECK_SYSTEM);
    });
  }
  found.set(t('Show Log'), () => channel.show());
  return found;
}

/** Where in a file the first of a `SettingsError`'s problems stands. Told by its shape: its class is in the services' bundle. */
function placeOf(error: unknown): { path: string; line: number; column: number } | undefined {
  if (!(error instanceof BulkheadError) || !('problems' in error) || !Array.isArray(error.problems)) {
    return undefined;
  }
  const first: unknown = error.problems[0];
  if (typeof first !== 'object' || first === null || !('source' in first) || !('range' in first)) {
    return undefined;
  }
  const { source, range } = first;
  return typeof source === 'string' &&
    typeof range === 'object' &&
    range !== null &&
    'line' in range &&
    'column' in range &&
    typeof range.line === 'number' &&
    typeof range.column === 'number'
    ? { path: source, line: range.line, column: range.column }
    : undefined;
}
