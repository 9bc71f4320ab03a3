import * as vscode from 'vscode';
import { BulkheadError, isCancelled, messageOf } from '../core/errors';
import { forLabel } from '../core/plainText';
import type { ReportProgress } from '../core/progress';
import type { MachineInfo, MachineState } from '../machine/hypervisor';
import { attempt, type CommandContext } from './commandContext';

/** A machine's name as sentences and lists have it. */
export function shownName({ name }: MachineInfo): string {
  return forLabel(name);
}

/** One question for all of them; true if the user pressed `button`. */
export async function confirmSeveral(question: string, detail: string, button: string): Promise<boolean> {
  const pressed = await vscode.window.showWarningMessage(question, { modal: true, detail }, button);
  return pressed === button;
}

/**
 * One machine after the other, under one progress notification; one that fails does not keep the others from it.
 * `doing` is what their rows show meanwhile. Afterwards one error names those that failed; "Retry" goes on with them.
 */
export async function eachMachine(
  context: CommandContext,
  title: string,
  machines: readonly MachineInfo[],
  doing: MachineState,
  work: (machine: MachineInfo, signal: AbortSignal, report: ReportProgress) => Promise<unknown>,
): Promise<void> {
  let left = [...machines];
  if (left.length === 0) {
    return;
  }
  await attempt(context, title, async (signal, report) => {
    const failed: { machine: MachineInfo; error: unknown }[] = [];
    for (const machine of left) {
      const shown = context.machines.working(machine.id, doing);
      try {
        await work(machine, signal, (event) =>
          report({ ...event, message: `${shownName(machine)}: ${event.message}` }),
        );
      } catch (error) {
        if (isCancelled(error) || signal.aborted) {
          throw error;
        }
        failed.push({ machine, error });
      } finally {
        // The list first, or the row would show the old state for a moment.
        await context.machines.refresh();
        shown.dispose();
      }
    }
    left = failed.map(({ machine }) => machine);
    if (failed.length > 0) {
      throw new BulkheadError(
        failed.map(({ machine, error }) => `${shownName(machine)}: ${messageOf(error)}`).join('; '),
        { cause: failed[0]?.error },
      );
    }
  });
  context.attachments.refresh();
}
