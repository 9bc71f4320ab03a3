import * as vscode from 'vscode';
import type { PruneResult } from '../app';
import { printable } from '../core/log';
import { binarySize } from '../views/binarySize';
import { attempt, type CommandContext } from './commandContext';
import { COMMAND_IDS } from './commandIds';
import { sayNext } from './sayNext';

/** Things that the question names. */
const SHOWN = 12;

/** Removes what no machine needs, after showing what that is and how much it frees. */
export async function pruneUnused(context: CommandContext): Promise<void> {
  const { l10n } = vscode;
  const looked = await attempt(context, l10n.t('Looking for what no machine needs'), (signal) =>
    context.app.prune({ signal, dryRun: true }),
  );
  if (!looked) {
    return;
  }
  const { removed, freedBytes } = looked.value;
  if (removed.length === 0) {
    const message = l10n.t('There is nothing to remove: machines need all of it.');
    await sayNext(message, l10n.t('Check System'), COMMAND_IDS.checkSystem);
    return;
  }
  const remove = l10n.t('Remove');
  const pressed = await vscode.window.showWarningMessage(
    l10n.t('Remove what no machine needs? That frees {0}.', binarySize(freedBytes)),
    { modal: true, detail: describe(removed) },
    remove,
  );
  if (pressed !== remove) {
    return;
  }
  const done = await attempt(context, l10n.t('Removing what no machine needs'), (signal) =>
    context.app.prune({ signal }),
  );
  if (done) {
    const message = l10n.t('Freed {0}.', binarySize(done.value.freedBytes));
    await sayNext(message, l10n.t('Check System'), COMMAND_IDS.checkSystem);
  }
}

function describe(removed: PruneResult['removed']): string {
  const largest = [...removed].sort((a, b) => b.bytes - a.bytes);
  const lines = largest
    .slice(0, SHOWN)
    .map(
      ({ kind, name, bytes }) => `${kind} ${printable(name, 80)}${bytes > 0 ? `: ${binarySize(bytes)}` : ''}`,
    );
  const more = removed.length - SHOWN;
  return [...lines, ...(more > 0 ? [vscode.l10n.t('…and {0} more', more)] : [])].join('\n');
}
