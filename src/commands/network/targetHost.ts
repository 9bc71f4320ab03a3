import * as vscode from 'vscode';
import { type DeniedHost, deniedHosts } from '../../attach/newDenials';
import { requestLabel } from '../../views/network/networkRow';
import type { CommandContext } from '../commandContext';
import { sayNext } from '../sayNext';

/** A host that a guest asked for; the machine's row, or the notification, that a command was called on. */
export interface HostArgument extends DeniedHost {
  readonly machineId: string;
}

/** A rule of a machine. */
export interface RuleArgument {
  readonly machineId: string;
  readonly rule: string;
}

export function hostArgument([clicked]: readonly unknown[]): HostArgument | undefined {
  return isRecord(clicked) &&
    typeof clicked['machineId'] === 'string' &&
    typeof clicked['host'] === 'string' &&
    typeof clicked['port'] === 'number'
    ? { machineId: clicked['machineId'], host: clicked['host'], port: clicked['port'] }
    : undefined;
}

export function ruleArgument([clicked]: readonly unknown[]): RuleArgument | undefined {
  return isRecord(clicked) && typeof clicked['machineId'] === 'string' && typeof clicked['rule'] === 'string'
    ? { machineId: clicked['machineId'], rule: clicked['rule'] }
    : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** The host that a command was called on; else one that was denied, which the user picks. */
export async function targetDenied(
  context: CommandContext,
  args: readonly unknown[],
): Promise<HostArgument | undefined> {
  const asked = hostArgument(args);
  if (asked || args.length > 0) {
    return asked;
  }
  const { requests } = context.network;
  const items = requests.list().flatMap((machineId) =>
    deniedHosts(requests.rows(machineId), 0).map((denied) => ({
      label: requestLabel(denied),
      description: machineId,
      target: { machineId, ...denied },
    })),
  );
  if (items.length === 0) {
    const show = vscode.l10n.t('Show Network');
    await sayNext(vscode.l10n.t('No host was denied.'), show, 'bulkhead.network.focus');
    return undefined;
  }
  const placeHolder = vscode.l10n.t('Which host may the VM reach?');
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.target;
}
