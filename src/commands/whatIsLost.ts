import * as vscode from 'vscode';
import type { WorkspaceDifference } from '../app';
import { messageOf } from '../core/errors';
import { printable } from '../core/log';
import type { MachineInfo } from '../machine/hypervisor';
import { attempt, type CommandContext } from './commandContext';
import { COMMAND_IDS } from './commandIds';

/** Files that a question names. */
const SHOWN_DIFFERENCES = 10;

/** What goes with a machine's disk: files that differ from the folder on this computer, or why that is not known. */
export type Loss =
  | { readonly kind: 'differences'; readonly differences: WorkspaceDifference[] }
  | { readonly kind: 'unknown'; readonly why: string };

/** Compares running machines with their folders; the others can't be looked into. Undefined if that was cancelled. */
export async function whatIsLost(
  context: CommandContext,
  title: string,
  machines: readonly MachineInfo[],
): Promise<Map<string, Loss> | undefined> {
  const losses = new Map<string, Loss>();
  const running = machines.filter(({ state }) => state === 'running');
  for (const { id, state } of machines) {
    losses.set(id, {
      kind: 'unknown',
      why: vscode.l10n.t('it is {0}, so its files cannot be compared', state),
    });
  }
  if (running.length === 0) {
    return losses;
  }
  const compared = await attempt(context, title, async (signal) => {
    for (const { id } of running) {
      losses.set(id, await compare(context, id, signal));
    }
  });
  return compared && losses;
}

async function compare(context: CommandContext, id: string, signal: AbortSignal): Promise<Loss> {
  try {
    // One more than is shown says whether there are more.
    const differences = await context.app.differences(id, { signal, limit: SHOWN_DIFFERENCES + 1 });
    return { kind: 'differences', differences };
  } catch (error) {
    if (signal.aborted) {
      throw error;
    }
    // A failure is an answer too: the question says so.
    context.log.error(`${id}: ${messageOf(error)}`);
    return { kind: 'unknown', why: printable(messageOf(error), 500) };
  }
}

/** The files by name, for a question about one machine. */
export function describeLoss(loss: Loss): string {
  if (loss.kind === 'unknown') {
    return vscode.l10n.t('Its files could not be compared with the folder on this computer: {0}', loss.why);
  }
  const { differences } = loss;
  if (differences.length === 0) {
    return vscode.l10n.t('Its files are the same as in the folder on this computer.');
  }
  const kinds = {
    added: vscode.l10n.t('only in the VM'),
    modified: vscode.l10n.t('different in the VM'),
    deleted: vscode.l10n.t('deleted in the VM'),
  };
  const lines = differences
    .slice(0, SHOWN_DIFFERENCES)
    .map(({ path, kind }) => `${printable(path, 200).replaceAll('\n', ' ')} (${kinds[kind]})`);
  const more = differences.length > SHOWN_DIFFERENCES ? [vscode.l10n.t('…and more')] : [];
  const intro = vscode.l10n.t('These files differ from the folder on this computer and are lost with it:');
  return [intro, '', ...lines, ...more].join('\n');
}

/**
 * Asks before what is in a machine is lost; true if the user pressed `button`. Where files differ, the question leads to
 * bringing them back too.
 */
export async function confirmLoss(
  machine: MachineInfo,
  loss: Loss,
  question: string,
  detail: string,
  button: string,
): Promise<boolean> {
  const bringBack = vscode.l10n.t('Bring Changes Back…');
  const differs = loss.kind === 'differences' && loss.differences.length > 0;
  const buttons = differs ? [button, bringBack] : [button];
  const pressed = await vscode.window.showWarningMessage(question, { modal: true, detail }, ...buttons);
  if (pressed === bringBack) {
    await vscode.commands.executeCommand(COMMAND_IDS.bringChangesBack, machine.id);
  }
  return pressed === button;
}

/** One line for a question about several machines. */
export function summarizeLoss(loss: Loss | undefined): string {
  if (!loss || loss.kind === 'unknown') {
    return loss?.why ?? '';
  }
  const count = loss.differences.length;
  if (count === 0) {
    return vscode.l10n.t('nothing to lose');
  }
  return count > SHOWN_DIFFERENCES
    ? vscode.l10n.t('more than {0} files differ from its folder', SHOWN_DIFFERENCES)
    : vscode.l10n.t('files that differ from its folder: {0}', count);
}
