import * as vscode from 'vscode';
import type { Attachments } from '../attach/attachments';
import { type Disposable, DisposableList } from '../core/disposables';
import { machineStateText } from './machineStateText';

/** Id of the status-bar item; its element's id is `<publisher>.<name>.machine`. */
export const STATUS_BAR_ITEM = 'machine';

const BACKGROUNDS = {
  none: undefined,
  warning: new vscode.ThemeColor('statusBarItem.warningBackground'),
  error: new vscode.ThemeColor('statusBarItem.errorBackground'),
};

/** Shows the window's machine and its state; a click offers what can be done with it. */
export function showMachineStatus(attachments: Attachments, command: string): Disposable {
  const disposables = new DisposableList();
  const item = disposables.add(
    vscode.window.createStatusBarItem(STATUS_BAR_ITEM, vscode.StatusBarAlignment.Left, 1000),
  );
  item.name = vscode.l10n.t('Bulkhead Machine');
  item.command = command;
  const show = () => {
    const attachment = attachments.list()[0];
    if (!attachment) {
      item.hide();
      return;
    }
    const { text, tooltip, severity } = machineStateText(attachment.id, attachment.status, vscode.l10n);
    item.text = text;
    item.tooltip = tooltip;
    item.backgroundColor = BACKGROUNDS[severity];
    item.accessibilityInformation = { label: tooltip, role: 'button' };
    item.show();
  };
  disposables.add(attachments.onDidChange(show));
  show();
  return disposables;
}
