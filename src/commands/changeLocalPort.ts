import * as vscode from 'vscode';
import { askLine } from '../attach/notify';
import { BulkheadError, messageOf } from '../core/errors';
import { parsePort } from '../views/ports/parsePort';
import type { CommandContext } from './commandContext';
import { targetPort } from './targetPort';

/** Gives a forwarded port another port of this computer; asks again if that one is taken. It is remembered. */
export async function changeLocalPort(context: CommandContext, ...args: unknown[]): Promise<void> {
  const { l10n } = vscode;
  const placeHolder = l10n.t('Which port should get another local port?');
  const target = await targetPort(context, args, placeHolder, ({ forward }) => forward !== undefined);
  if (!target) {
    return;
  }
  const { machineId, port } = target;
  const forward = context.ports.entry(machineId, port)?.forward;
  let value = String(forward?.kind === 'open' ? forward.localPort : port);
  let taken: string | undefined;
  for (;;) {
    const text = await askLine({
      title: l10n.t('Local Port for Port {0}', port),
      prompt: taken ?? l10n.t('Port of this computer, on 127.0.0.1'),
      value,
      problem: (typed) => (parsePort(typed) === undefined ? l10n.t('A number from 1 to 65535') : undefined),
    });
    const localPort = parsePort(text ?? '');
    if (localPort === undefined) {
      return;
    }
    try {
      await context.ports.forward(machineId, port, localPort);
      return;
    } catch (error) {
      if (!(error instanceof BulkheadError && error.kind === 'usage')) {
        throw error;
      }
      value = String(localPort);
      taken = messageOf(error);
    }
  }
}
