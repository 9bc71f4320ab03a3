import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { SettingsDrift } from '../app/settingsDrift';
import { showInformation } from '../attach/notify';
import { machineFolder } from '../attach/terminalProfile';
import type { Disposable } from '../core/disposables';
import { messageOf } from '../core/errors';
import { forLabel } from '../core/plainText';
import { attempt, type CommandContext } from './commandContext';
import { COMMAND_IDS } from './commandIds';
import { sayNext, sayNoMachineHere } from './sayNext';

/** Restarts the window's machine with the settings that its folder has now. */
export async function applySettings(context: CommandContext): Promise<void> {
  const own = machineFolder();
  if (!own) {
    await sayNoMachineHere();
    return;
  }
  const drift = await context.app.settingsDrift(own.id);
  if (!drift.outdated) {
    const message = vscode.l10n.t('The VM runs with the settings of its folder: there is nothing to apply.');
    await sayNext(message, vscode.l10n.t('Open Settings File'), COMMAND_IDS.openSettingsFile);
    return;
  }
  const title = vscode.l10n.t('Restarting {0} with its new settings', forLabel(basename(drift.folder)));
  const done = await attempt(context, title, async (signal, onProgress) => {
    await context.app.stop(own.id, { signal });
    // The system on the disk belongs to one image: another image means a fresh one.
    return context.app.up(drift.folder, { signal, onProgress, rebuild: drift.newImage });
  });
  for (const warning of done?.value.warnings ?? []) {
    context.log.warn(warning);
  }
  // Cancelled or failed half-way: the machine is what it is now, and the window shows it.
  context.attachments.refresh();
  if (done) {
    await context.attachments.hold(own.id).attach();
    await context.hostSettings.read(own.id);
  }
}

/** Does at once what needs no restart. Says once for each state of the settings that they need one, and offers it. */
export function followSettings(context: CommandContext): Disposable {
  const asked = new Map<string, string>();
  return context.hostSettings.onDidRead(({ id, drift, before }) => {
    context.app
      .followFolder(id)
      .then(() => context.network.tree.refresh())
      .catch((error: unknown) =>
        context.log.warn(`${id}: its settings do not count yet: ${messageOf(error)}`),
      );
    if (before) {
      context.ports.changeWanted(id, before.live.forwardPorts, drift.live.forwardPorts);
    }
    if (machineFolder()?.id !== id) {
      return;
    }
    if (!drift.outdated) {
      asked.delete(id);
    } else if (asked.get(id) !== drift.fingerprint) {
      asked.set(id, drift.fingerprint);
      offer(drift).catch((error: unknown) => context.log.error(messageOf(error)));
    }
  });
}

async function offer(drift: SettingsDrift): Promise<void> {
  const apply = vscode.l10n.t('Apply (Restart)');
  const open = vscode.l10n.t('Open File');
  const later = vscode.l10n.t('Later');
  const pressed = await showInformation(describe(drift), apply, open, later);
  if (pressed === apply) {
    await vscode.commands.executeCommand(COMMAND_IDS.applySettings);
  } else if (pressed === open) {
    await vscode.commands.executeCommand(COMMAND_IDS.openSettingsFile);
  }
}

function describe({ folder, changes, newImage }: SettingsDrift): string {
  const what = changes.map(({ key, before, now }) => `${key} ${before ?? '?'} → ${now}`).join(', ');
  const name = forLabel(basename(folder), 60);
  const changed =
    what === ''
      ? vscode.l10n.t('The settings of {0} have changed.', name)
      : vscode.l10n.t('The settings of {0} have changed: {1}.', name, forLabel(what, 300));
  const kept = newImage
    ? vscode.l10n.t(
        'A restart begins with a fresh system from the new image; the workspace in the VM is kept, programs end.',
      )
    : vscode.l10n.t('They need a restart: all files in the VM are kept, programs end.');
  return `${changed} ${kept}`;
}
