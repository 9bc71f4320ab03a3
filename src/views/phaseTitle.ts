import * as vscode from 'vscode';
import type { OtherPhase, Phase } from '../core/progress';

/** What a phase is called in the editor's language (`PHASE_TITLES` are the log's and the terminal's words). */
export function phaseTitle(phase: Phase | OtherPhase): string {
  const { t } = vscode.l10n;
  const titles: Record<Phase | OtherPhase, string> = {
    settings: t('Reading settings'),
    kit: t('Preparing the kit image'),
    build: t('Building the image'),
    layers: t('Importing layers'),
    create: t('Creating the machine'),
    boot: t('Booting'),
    ssh: t('Connecting'),
    upload: t('Copying the workspace'),
    hooks: t('Running lifecycle commands'),
    copy: t('Copying'),
    review: t('Looking at changes'),
  };
  return titles[phase];
}
