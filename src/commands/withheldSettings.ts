import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { Withheld } from '../attach/editorSettings/withheldSettings';
import { showWarning } from '../attach/notify';
import { messageOf } from '../core/errors';
import { forLabel } from '../core/plainText';
import type { CommandContext } from './commandContext';

/** Settings that a notification names, and that the question before they count names. */
const NAMED = 3;
const LISTED = 20;

/** Tells the user of settings in the VM that VS Code did not get, once for each content in a window, and lets him decide. */
export function announceWithheldSettings(context: CommandContext): vscode.Disposable {
  const told = new Set<string>();
  return context.withheldSettings.onDidWithhold((found) => {
    if (!told.has(found.digest)) {
      told.add(found.digest);
      context.log.info(
        `${found.machineId}: ${forLabel(found.path)} is kept from VS Code: ${found.keys.map(forLabel).join(', ').slice(0, 1000)}`,
      );
      present(context, found).catch((error: unknown) => context.log.error(messageOf(error)));
    }
  });
}

async function present(context: CommandContext, found: Withheld): Promise<void> {
  const { t } = vscode.l10n;
  const file = forLabel(posix.basename(found.path));
  const show = t('Show');
  const use = t('Use It…');
  const message =
    found.keys.length === 0
      ? t('{0} of the VM is kept from VS Code: it cannot be read as settings.', file)
      : t(
          '{0} of the VM is kept from VS Code, as in a folder that is not trusted: it sets {1}, which could act on this computer.',
          file,
          named(found.keys, NAMED, ', '),
        );
  const pressed = await showWarning(message, show, use);
  if (pressed === show) {
    const content = Buffer.from(found.bytes).toString('utf8');
    await vscode.window.showTextDocument(
      await vscode.workspace.openTextDocument({ content, language: 'jsonc' }),
    );
  } else if (pressed === use) {
    await confirm(context, found, file);
  }
}

async function confirm(context: CommandContext, found: Withheld, file: string): Promise<void> {
  const { t } = vscode.l10n;
  const use = t('Use on This Computer');
  const detail = t(
    'VS Code obeys these settings on this computer, not in the VM. They can name programs that it starts here:\n\n{0}\n\nAny change of the file is asked about again.',
    named(found.keys, LISTED, '\n'),
  );
  const question = t('Let VS Code use {0}, as the VM has it now?', file);
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, use)) === use) {
    await context.withheldSettings.agree(found);
  }
}

function named(keys: readonly string[], limit: number, separator: string): string {
  const { t } = vscode.l10n;
  const names = keys.slice(0, limit).map(forLabel);
  const others = keys.length - names.length;
  return [...names, ...(others > 0 ? [t('and {0} more', others)] : [])].join(separator);
}
