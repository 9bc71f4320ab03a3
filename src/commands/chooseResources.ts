import * as vscode from 'vscode';
import { oneLine } from '../views/row';
import type { CommandContext } from './commandContext';

/** Chooses the machine that the Resources view shows, in any window. */
export async function chooseResources({ app, resources }: CommandContext): Promise<void> {
  const machines = await app.list();
  if (machines.length === 0) {
    await vscode.window.showInformationMessage(vscode.l10n.t('There is no Bulkhead machine yet.'));
    return;
  }
  const items = machines.map(({ id, name, state, folder }) => ({
    label: oneLine(name),
    description: `${id}: ${state}`,
    detail: oneLine(folder, 300),
    id,
  }));
  const placeHolder = vscode.l10n.t('Which machine should the Resources view show?');
  const picked = await vscode.window.showQuickPick(items, { placeHolder });
  if (picked) {
    resources.choose(picked.id);
  }
}
