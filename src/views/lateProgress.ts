import * as vscode from 'vscode';
import { showProgress } from '../attach/notify';
import { isCancelled } from '../core/errors';
import type { ReportProgress } from '../core/progress';
import { phaseTitle } from './phaseTitle';
import { progressText } from './progressText';
import type { Outcome } from './withProgress';

/** Work that takes longer than this (ms) is shown. */
const LATE_MS = 1000;

/**
 * Runs `work`, and shows it with Cancel once it takes long. VS Code hides notifications that follow each other fast: a
 * progress that only flashes up would take the result's notification with it. Never rejects.
 */
export async function lateProgress<T>(
  title: string,
  work: (signal: AbortSignal, report: ReportProgress) => Promise<T>,
): Promise<Outcome<T>> {
  const controller = new AbortController();
  let show: ReportProgress = () => undefined;
  const running: Promise<Outcome<T>> = work(controller.signal, (event) => show(event)).then(
    (value) => ({ ok: true, value }),
    (error: unknown) =>
      isCancelled(error) ? { ok: false, cancelled: true } : { ok: false, cancelled: false, error },
  );
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, LATE_MS, undefined);
  });
  const early = await Promise.race([running, late]);
  clearTimeout(timer);
  if (early) {
    return early;
  }
  return showProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    async (progress, token) => {
      const cancelling = token.onCancellationRequested(() => {
        progress.report({ message: vscode.l10n.t('Cancelling…') });
        controller.abort();
      });
      show = (event) => progress.report({ message: progressText(phaseTitle(event.phase), event) });
      try {
        return await running;
      } finally {
        cancelling.dispose();
      }
    },
  );
}
