import * as vscode from 'vscode';
import { printable } from '../core/log';
import type { MachineInfo } from '../machine/hypervisor';
import { attempt, type CommandContext } from './commandContext';
import { pickMachine } from './pickMachine';

/** Boots the machine, or resumes it if it is suspended. */
export async function startMachine(context: CommandContext): Promise<void> {
  const machine = await pickMachine(context, vscode.l10n.t('Which machine should start?'), [
    'created',
    'stopped',
    'suspended',
    'failed',
  ]);
  if (machine) {
    await bringUp(context, machine);
  }
}

/** True once the machine runs; false if that was cancelled or given up. */
export async function bringUp(context: CommandContext, machine: MachineInfo): Promise<boolean> {
  const held = context.attachments.get(machine.id);
  if (held) {
    // Shows its own progress, and a failure has its own notification.
    return held.attach().then(
      () => true,
      () => false,
    );
  }
  const title = vscode.l10n.t('Starting {0}', printable(machine.name, 120));
  const done = await attempt(context, title, (signal, onProgress) =>
    machine.state === 'suspended'
      ? context.app.resume(machine.id, { signal, onProgress })
      : context.app.start(machine.id, { signal, onProgress }),
  );
  return done !== undefined;
}

/** Writes the machine's memory to disk and frees it. */
export async function suspendMachine(context: CommandContext): Promise<void> {
  const machine = await pickMachine(context, vscode.l10n.t('Which machine should be suspended?'), [
    'running',
  ]);
  if (machine) {
    const title = vscode.l10n.t('Suspending {0}', printable(machine.name, 120));
    await attempt(context, title, (signal) => context.app.suspend(machine.id, { signal }));
    context.attachments.refresh();
  }
}

/** Powers the machine off. */
export async function stopMachine(context: CommandContext): Promise<void> {
  const machine = await pickMachine(context, vscode.l10n.t('Which machine should stop?'), [
    'running',
    'suspended',
    'failed',
  ]);
  if (machine) {
    const title = vscode.l10n.t('Stopping {0}', printable(machine.name, 120));
    const done = await attempt(context, title, (signal) => context.app.stop(machine.id, { signal }));
    if (done?.value.forced) {
      context.log.warn(`${machine.id}: did not power off in time and was stopped by force`);
    }
    context.attachments.refresh();
  }
}
