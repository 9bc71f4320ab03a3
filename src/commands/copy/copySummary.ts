import * as vscode from 'vscode';
import { showInformation, showWarning } from '../../attach/notify';
import { forLabel } from '../../core/plainText';
import type { CopyResult, SkipReason } from '../../guest/copy/copyTree';
import { formatBytes } from '../../views/progressText';
import type { CommandContext } from '../commandContext';

/** Says what was copied, with buttons; what was left out stands in the log. Resolves with the button, once it is gone. */
export async function showSummary(
  context: CommandContext,
  result: CopyResult,
  destination: string,
  buttons: string[],
): Promise<string | undefined> {
  const { files, bytes, skipped, skippedCount } = result;
  const where = forLabel(destination, 200);
  const what =
    files === 1
      ? vscode.l10n.t('1 file ({0}) copied to {1}.', formatBytes(bytes), where)
      : vscode.l10n.t('{0} files ({1}) copied to {2}.', files, formatBytes(bytes), where);
  context.log.info(what);
  for (const { path, reason } of skipped) {
    context.log.warn(`${forLabel(path, 500)}: ${reasonText(reason)}`);
  }
  if (skippedCount === 0) {
    return showInformation(what, ...buttons);
  }
  const first = skipped[0];
  const example = first ? `${forLabel(first.path, 100)}: ${reasonText(first.reason)}` : '';
  const left = vscode.l10n.t('{0} left out ({1}).', skippedCount, example);
  const why = vscode.l10n.t('Show Left Out');
  const message = vscode.l10n.t('{0} {1}', what, left);
  const pressed = await showWarning(message, ...buttons, why);
  if (pressed === why) {
    context.channel.show();
  }
  return pressed;
}

function reasonText(reason: SkipReason): string {
  switch (reason) {
    case 'link':
      return vscode.l10n.t('a link');
    case 'notAFile':
      return vscode.l10n.t('neither a file nor a folder');
    case 'name':
      return vscode.l10n.t('its name cannot be one on this computer');
    case 'collision':
      return vscode.l10n.t('another file has the same name to this computer');
    case 'tooDeep':
      return vscode.l10n.t('too many folders deep');
    case 'unreadable':
      return vscode.l10n.t('it cannot be read');
    case 'repository':
      return vscode.l10n.t('a repository’s settings can run programs on this computer');
    case 'conflict':
      return vscode.l10n.t('it is there already');
  }
}
