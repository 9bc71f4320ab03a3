import * as vscode from 'vscode';
import { forLabel } from '../core/plainText';
import type { OnClose } from '../settings/workspaceSpec';
import { onCloseText } from '../views/toggleText';
import type { CommandContext } from './commandContext';
import { offerToKeep } from './keepForWorkspace';
import { type Choice, pickMode } from './pickMode';
import { sayNext } from './sayNext';
import { targetMachine } from './targetMachines';

const MODES: readonly OnClose[] = ['suspend', 'stop', 'keep'];

/** What happens to the machine when its last window closes: chosen for this machine on this computer, at once. */
export async function changeOnClose(context: CommandContext, ...args: unknown[]): Promise<void> {
  const { t } = vscode.l10n;
  const machine = await targetMachine(context, args, t('Which machine should sleep or stay awake?'));
  if (!machine) {
    return;
  }
  const name = forLabel(machine.name);
  const current = context.onClose(machine);
  const choices: Choice<OnClose | 'default'>[] = MODES.map((value) => ({
    value,
    text: onCloseText(value),
    current: value === current,
  }));
  if (machine.onCloseChosen) {
    choices.push({
      value: 'default',
      text: {
        icon: 'discard',
        label: t('As the Settings Say'),
        detail: t('Forget the choice for this machine: its folder’s settings and your own decide again.'),
      },
      current: false,
    });
  }
  const picked = await pickMode(t('When the last window on {0} closes', name), choices);
  if (picked === undefined || (picked === current && machine.onCloseChosen)) {
    return;
  }
  const now = await context.app.setOnClose(machine.id, picked === 'default' ? undefined : picked);
  context.attachments.refresh();
  const onClose = context.onClose(now);
  const message = t('When the last window on {0} closes: {1}.', name, onCloseText(onClose).label);
  if (picked === 'default') {
    await sayNext(message, t('Open User Settings'), 'workbench.action.openSettings', 'bulkhead.onClose');
  } else {
    await offerToKeep(context, now, message, ['onClose'], onClose);
  }
}
