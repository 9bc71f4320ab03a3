import * as vscode from 'vscode';
import type { App } from '../app';
import type { Attachments } from '../attach/attachments';
import { type Disposable, DisposableList } from '../core/disposables';
import { messageOf } from '../core/errors';
import type { Log } from '../core/log';
import { credentialToggle } from './credentialText';

const LENT = new vscode.ThemeColor('statusBarItem.warningBackground');

/** What of the user's credentials the window's machine may use, beside its other toggles. */
export function showCredentials(
  app: Pick<App, 'credentials' | 'onDidChangeCredentials'>,
  attachments: Attachments,
  command: string,
  log: Log,
): Disposable {
  const disposables = new DisposableList();
  const item = disposables.add(
    vscode.window.createStatusBarItem('credentials', vscode.StatusBarAlignment.Left, 996),
  );
  item.name = vscode.l10n.t('Bulkhead Credentials');
  item.command = command;
  let watching = false;
  let shown = '';
  let reading = 0;
  const read = async () => {
    const turn = ++reading;
    const status = attachments.list()[0]?.status;
    const info = status && status.kind !== 'idle' && status.info?.state !== 'gone' ? status.info : undefined;
    if (!info) {
      item.hide();
      return;
    }
    if (!watching) {
      // Not before there is a machine: it loads the services.
      watching = true;
      disposables.add(app.onDidChangeCredentials(() => show()));
    }
    const credentials = await app.credentials(info.id);
    if (turn !== reading) {
      return;
    }
    const { text, tooltip } = credentialToggle(info.name, credentials);
    if (`${text}${tooltip}` !== shown) {
      shown = `${text}${tooltip}`;
      item.text = text;
      item.tooltip = tooltip;
      item.accessibilityInformation = { label: tooltip, role: 'button' };
    }
    const isLent = credentials.agent || credentials.git.length > 0 || credentials.env.length > 0;
    item.backgroundColor = isLent ? LENT : undefined;
    item.show();
  };
  const show = () => {
    read().catch((error: unknown) => {
      item.hide();
      log.debug(`The credentials of the window's machine can't be read: ${messageOf(error)}`);
    });
  };
  disposables.add(attachments.onDidChange(show));
  show();
  return disposables;
}
