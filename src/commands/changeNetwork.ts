import * as vscode from 'vscode';
import { showWarning } from '../attach/notify';
import { forLabel } from '../core/plainText';
import type { MachineInfo } from '../machine/hypervisor';
import type { NetworkMode } from '../settings/workspaceSpec';
import { networkModeText } from '../views/toggleText';
import { attempt, type CommandContext } from './commandContext';
import { offerToKeep } from './keepForWorkspace';
import { type Choice, pickMode } from './pickMode';
import { targetMachine } from './targetMachines';

const MODES: readonly NetworkMode[] = ['none', 'allowlist', 'full'];

/** What the machine may reach, changed at once, running or not. Opening it needs a yes to exactly what that opens. */
export async function changeNetwork(context: CommandContext, ...args: unknown[]): Promise<void> {
  const { t } = vscode.l10n;
  const machine = await targetMachine(context, args, t('Whose network should change?'));
  if (!machine) {
    return;
  }
  const name = forLabel(machine.name);
  const mode = await pickMode(t('Network of {0}', name), await choicesFor(context, machine));
  if (mode === undefined || mode === machine.networkMode) {
    return;
  }
  if (mode === 'full' && !(await mayOpen(name))) {
    return;
  }
  await switchTo(context, machine, mode);
}

async function choicesFor(context: CommandContext, machine: MachineInfo): Promise<Choice<NetworkMode>[]> {
  const available = await context.app.networkModes();
  return MODES.filter((mode) => available.includes(mode)).map((mode) => ({
    value: mode,
    text: networkModeText(mode),
    current: mode === machine.networkMode,
  }));
}

async function mayOpen(name: string): Promise<boolean> {
  const { t } = vscode.l10n;
  const open = t('Open the Network');
  const detail = [
    t('Everything that runs in the VM will then reach, at once and until you shut it:'),
    '',
    t('• the whole internet'),
    t('• your local network: routers, printers, file servers, other computers'),
    t('• metadata services of a cloud (169.254.169.254), which may hand out credentials'),
    t('• whatever else containers of this Docker Engine reach, other containers among them'),
    '',
    t(
      'It can send there what it has read, your workspace’s copy included. It does not reach what listens on this computer’s own loopback (127.0.0.1).',
    ),
  ].join('\n');
  const message = t('Open the whole network for {0}?', name);
  return (await vscode.window.showWarningMessage(message, { modal: true, detail }, open)) === open;
}

async function switchTo(context: CommandContext, machine: MachineInfo, mode: NetworkMode): Promise<void> {
  const { t } = vscode.l10n;
  const name = forLabel(machine.name);
  const label = networkModeText(mode).label;
  const done = await attempt(context, t('Switching the network of {0}', name), async (signal) => {
    await context.app.setNetwork(machine.id, mode, { signal });
    // What the Engine says now, not what was asked of it.
    return context.app.find(machine.id, { signal });
  });
  context.attachments.refresh();
  if (!done) {
    return;
  }
  const now = done.value;
  if (now.networkMode !== mode) {
    const again = t('Change Network');
    const message = t(
      'The network of {0} is {1}: somebody else has changed it meanwhile.',
      name,
      now.networkMode,
    );
    if ((await showWarning(message, again)) === again) {
      await changeNetwork(context);
    }
    return;
  }
  const when = now.state === 'running' ? '' : ` ${t('It takes effect when the machine runs again.')}`;
  if (mode === 'full') {
    const shut = t('Shut It Again');
    const message = t(
      '{0} reaches the whole network.{1} It stays so on this computer for this machine alone, until you shut it or remove the machine; a workspace’s file can’t grant this.',
      name,
      when,
    );
    if ((await showWarning(message, shut)) === shut) {
      await switchTo(context, now, 'none');
    }
    return;
  }
  const message = t('Network of {0}: {1}.{2}', name, label, when);
  await offerToKeep(context, now, message, ['network', 'mode'], mode);
}
