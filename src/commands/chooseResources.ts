import * as vscode from 'vscode';
import { showInformation } from '../attach/notify';
import { forLabel } from '../core/plainText';
import type { CommandContext } from './commandContext';

/** Chooses the machine that the Resources view shows, in any window. */
export async function chooseResources({ app, resources }: CommandContext): Promise<void> {
  const machines = await app.list();
  if (machines.length === 0) {
    await showInformation(vscode.l10n.t('There is no Bulkhead machine yet.'));
    return;
  }
  const items = machines.map(({ id, name, state, folder }) => ({
    label: forLabel(name),
    description: `${id}: ${state}`,
    detail: forLabel(folder, 300),
    id,
  }));
  const placeHolder = vscode.l10n.t('Which machine should the Resources view show?');
  const picked = await vscode.window.showQuickPick(items, { placeHolder });
  if (picked) {
    resources.choose(picked.id);
  }
}
