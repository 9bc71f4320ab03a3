import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { ReviewChange } from '../../review/reviewService';
import { reviewNodeOf } from '../../views/review/reviewNodes';
import { reviewUri } from '../../views/review/reviewUri';
import { visibleText } from '../../views/review/visibleText';
import { resolveConflict } from './resolveConflict';
import type { ReviewContext } from './reviewContext';

/** Opens VS Code's diff of a row: this computer's side on the left, the VM's on the right. A hunk opens at its lines. */
export async function showChange(context: ReviewContext, ...args: unknown[]): Promise<void> {
  const node = reviewNodeOf(args);
  const { model } = context.review.current ?? {};
  if (!model || (node?.kind !== 'change' && node?.kind !== 'hunk')) {
    return;
  }
  const change = model.change(node.path);
  if (!change) {
    return;
  }
  if (change.conflict !== undefined && change.blocked === undefined && node.kind === 'change') {
    await resolveConflict(context, node);
    return;
  }
  const hunk =
    node.kind === 'hunk' ? model.hunks(node.path)?.find(({ index }) => index === node.index) : undefined;
  await openDiff(model.review.token, change, hunk?.guestStart);
}

/** @param line 1-based, on the VM's side */
export async function openDiff(token: string, change: ReviewChange, line?: number): Promise<void> {
  const at = line === undefined ? undefined : new vscode.Position(Math.max(0, line - 1), 0);
  await vscode.commands.executeCommand(
    'vscode.diff',
    reviewUri(token, change, 'host'),
    reviewUri(token, change, 'guest'),
    vscode.l10n.t('{0} (This Computer ↔ VM)', visibleText(posix.basename(change.path), 80)),
    { preview: true, preserveFocus: line === undefined, ...(at && { selection: new vscode.Range(at, at) }) },
  );
}
