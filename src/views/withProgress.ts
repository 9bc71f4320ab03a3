import * as vscode from 'vscode';
import { showProgress } from '../attach/notify';
import { isCancelled } from '../core/errors';
import type { Log } from '../core/log';
import { PHASE_TITLES, type ReportProgress } from '../core/progress';
import { phaseTitle } from './phaseTitle';
import { progressText } from './progressText';

/** How a cancellable piece of work ended. */
export type Outcome<T> =
  | { ok: true; value: T }
  | { ok: false; cancelled: true }
  | { ok: false; cancelled: false; error: unknown };

/** Runs `work` under a notification with a Cancel button that names each phase. Never rejects. */
export async function withProgress<T>(
  title: string,
  log: Log,
  work: (signal: AbortSignal, report: ReportProgress) => Promise<T>,
): Promise<Outcome<T>> {
  try {
    const value = await showProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (progress, token) => {
        const controller = new AbortController();
        const cancelling = token.onCancellationRequested(() => {
          progress.report({ message: vscode.l10n.t('Cancelling…') });
          controller.abort();
        });
        let phase: string | undefined;
        try {
          return await work(controller.signal, (event) => {
            if (controller.signal.aborted) {
              return;
            }
            if (event.phase !== phase) {
              phase = event.phase;
              log.info(`${title}: ${PHASE_TITLES[event.phase]}`);
            }
            progress.report({ message: progressText(phaseTitle(event.phase), event) });
          });
        } finally {
          cancelling.dispose();
        }
      },
    );
    return { ok: true, value };
  } catch (error) {
    return isCancelled(error) ? { ok: false, cancelled: true } : { ok: false, cancelled: false, error };
  }
}
