import * as vscode from 'vscode';
import type { ReportProgress } from '../core/progress';
import type { MachineInfo } from '../machine/hypervisor';
import { attempt, type CommandContext } from './commandContext';
import { confirmSeveral, eachMachine, shownName } from './severalMachines';
import { targetMachines } from './targetMachines';

/** Boots the machine, or resumes it if it is suspended. */
export async function startMachine(context: CommandContext, ...args: unknown[]): Promise<void> {
  const { l10n } = vscode;
  const machines = await targetMachines(context, args, l10n.t('Which machine should start?'), [
    'created',
    'stopped',
    'suspended',
    'failed',
  ]);
  const [only] = machines;
  if (machines.length > 1) {
    const question = l10n.t('Start {0} machines?', machines.length);
    if (await confirmSeveral(question, names(machines), l10n.t('Start'))) {
      const title = l10n.t('Starting {0} machines', machines.length);
      await eachMachine(context, title, machines, 'starting', (machine, signal, report) =>
        wake(context, machine, signal, report),
      );
    }
  } else if (only) {
    await bringUp(context, only);
  }
}

/** True once the machine runs; false if that was cancelled or given up. */
export async function bringUp(context: CommandContext, machine: MachineInfo): Promise<boolean> {
  const shown = context.machines.working(machine.id, 'starting');
  try {
    return await bringUpShown(context, machine);
  } finally {
    await context.machines.refresh();
    shown.dispose();
  }
}

async function bringUpShown(context: CommandContext, machine: MachineInfo): Promise<boolean> {
  const held = context.attachments.get(machine.id);
  if (held) {
    // Shows its own progress, and a failure has its own notification.
    return held.attach().then(
      () => true,
      () => false,
    );
  }
  const title = vscode.l10n.t('Starting {0}', shownName(machine));
  const done = await attempt(context, title, (signal, report) => wake(context, machine, signal, report));
  return done !== undefined;
}

async function wake(
  { app }: CommandContext,
  machine: MachineInfo,
  signal: AbortSignal,
  onProgress: ReportProgress,
): Promise<void> {
  switch (machine.state) {
    case 'suspended':
      await app.resume(machine.id, { signal, onProgress });
      return;
    case 'created':
      // It was never started, so its workspace is not in it yet.
      await app.up(machine.folder, { signal, onProgress });
      return;
    default:
      await app.start(machine.id, { signal, onProgress });
  }
}

/** Writes the machine's memory to disk and frees it. */
export async function suspendMachine(context: CommandContext, ...args: unknown[]): Promise<void> {
  const { l10n } = vscode;
  const machines = await targetMachines(context, args, l10n.t('Which machine should be suspended?'), [
    'running',
  ]);
  const question = l10n.t('Suspend {0} machines?', machines.length);
  if (machines.length > 1 && !(await confirmSeveral(question, names(machines), l10n.t('Suspend')))) {
    return;
  }
  const title = titleFor(machines, l10n.t('Suspending {0}', nameOf(machines)), (count) =>
    l10n.t('Suspending {0} machines', count),
  );
  await eachMachine(context, title, machines, 'suspending', ({ id }, signal) =>
    context.app.suspend(id, { signal }),
  );
}

/** Powers the machine off. */
export async function stopMachine(context: CommandContext, ...args: unknown[]): Promise<void> {
  const { l10n } = vscode;
  const machines = await targetMachines(context, args, l10n.t('Which machine should stop?'), [
    'running',
    'suspended',
    'failed',
  ]);
  const question = l10n.t('Stop {0} machines? What runs in them ends.', machines.length);
  if (machines.length > 1 && !(await confirmSeveral(question, names(machines), l10n.t('Stop')))) {
    return;
  }
  const title = titleFor(machines, l10n.t('Stopping {0}', nameOf(machines)), (count) =>
    l10n.t('Stopping {0} machines', count),
  );
  await eachMachine(context, title, machines, 'stopping', async ({ id }, signal) => {
    const { forced } = await context.app.stop(id, { signal });
    if (forced) {
      context.log.warn(`${id}: did not power off in time and was stopped by force`);
    }
  });
}

function names(machines: readonly MachineInfo[]): string {
  return machines.map(shownName).join('\n');
}

function nameOf([first]: readonly MachineInfo[]): string {
  return first ? shownName(first) : '';
}

function titleFor(machines: readonly MachineInfo[], one: string, many: (count: number) => string): string {
  return machines.length > 1 ? many(machines.length) : one;
}
