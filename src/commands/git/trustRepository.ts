import * as vscode from 'vscode';
import { showInformation } from '../../attach/notify';
import { forLabel } from '../../core/plainText';
import { GitRepository } from '../../guest/git/gitRepository';
import type { CommandContext } from '../commandContext';

/** Lets git in the VM work on a repository whose files belong to another account there. */
export async function trustRepository({ sourceControls }: CommandContext): Promise<void> {
  const unsafe = sourceControls.unsafe();
  if (unsafe.length === 0) {
    await showInformation(vscode.l10n.t('git in the VM trusts every repository of this window.'));
    return;
  }
  const items = unsafe.map((each) => ({ label: forLabel(each.root, 200), each }));
  const placeHolder = vscode.l10n.t('Which repository should git in the VM trust?');
  const one = items.length === 1 ? items[0] : await vscode.window.showQuickPick(items, { placeHolder });
  if (!one) {
    return;
  }
  const trust = vscode.l10n.t('Trust in the VM');
  const question = vscode.l10n.t('Let git in the VM work on {0}?', one.label);
  const detail = vscode.l10n.t(
    'Its files belong to another account of the VM, so git refuses it. This adds the folder to "safe.directory" of your account in the VM. Nothing changes on this computer.',
  );
  const pressed = await vscode.window.showWarningMessage(question, { modal: true, detail }, trust);
  if (pressed === trust) {
    await new GitRepository(one.each.guest, one.each.root).trust();
    sourceControls.scan();
  }
}
