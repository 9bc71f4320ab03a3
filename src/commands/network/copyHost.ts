import * as vscode from 'vscode';
import { printable } from '../../core/log';
import { hostText } from '../../views/hostText';
import type { CommandContext } from '../commandContext';
import { hostArgument, ruleArgument } from './targetHost';

/** Puts the host of a row on the clipboard, without the characters that a terminal would obey. */
export async function copyHost(_context: CommandContext, ...args: unknown[]): Promise<void> {
  const host = hostArgument(args)?.host ?? ruleArgument(args)?.rule;
  if (host !== undefined) {
    const text = printable(host, 300).replace(/\s+/g, '');
    await vscode.env.clipboard.writeText(text);
    vscode.window.setStatusBarMessage(vscode.l10n.t('$(check) Copied: {0}', hostText(text)), 5_000);
  }
}
