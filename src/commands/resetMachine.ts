import * as vscode from 'vscode';
import type { CommandContext } from './commandContext';
import { eachMachine, shownName } from './severalMachines';
import { targetMachine } from './targetMachines';
import { confirmLoss, describeLoss, whatIsLost } from './whatIsLost';

/**
 * Begins again from the image, with a new copy of the folder. It is up afterwards: a machine that was only emptied would
 * come up later without its workspace.
 */
export async function resetMachine(context: CommandContext, ...args: unknown[]): Promise<void> {
  const { l10n } = vscode;
  const machine = await targetMachine(context, args, l10n.t('Which machine should be reset?'), [
    'running',
    'suspended',
    'stopped',
    'failed',
  ]);
  if (!machine) {
    return;
  }
  const name = shownName(machine);
  const losses = await whatIsLost(context, l10n.t('Comparing {0} with its folder', name), [machine]);
  const loss = losses?.get(machine.id);
  if (!loss) {
    return;
  }
  const detail = [
    l10n.t(
      'All that was written in the VM is dropped: installed programs, files, what runs. It starts again from its image with a new copy of {0}.',
      machine.folder,
    ),
    describeLoss(loss),
  ].join('\n\n');
  if (!(await confirmLoss(machine, loss, l10n.t('Reset {0}?', name), detail, l10n.t('Reset')))) {
    return;
  }
  const title = l10n.t('Resetting {0}', name);
  await eachMachine(context, title, [machine], 'starting', async ({ id, folder }, signal, onProgress) => {
    const { state } = await context.app.find(id, { signal });
    if (state === 'running') {
      await context.app.stop(id, { signal });
    }
    await context.app.reset(id, { signal });
    await context.app.up(folder, { signal, onProgress });
  });
}
