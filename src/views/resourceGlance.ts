import * as vscode from 'vscode';
import type { App } from '../app';
import type { Attachments } from '../attach/attachments';
import { GLANCE_SETTING, SECTION } from '../attach/userSettings';
import { type Disposable, DisposableList } from '../core/disposables';
import type { Log } from '../core/log';
import type { HostSample } from '../machine/hypervisor';
import { Glance } from './glance';
import { glanceText } from './glanceText';

/** Id of the status-bar item; its element's id is `<publisher>.<name>.resources`. */
const STATUS_BAR_ITEM = 'resources';

/** CPU and memory of the window's machine in the status bar; samples only while the window has the focus. */
export function showResourceGlance(
  app: Pick<App, 'watchHost'>,
  attachments: Attachments,
  command: string,
  log: Log,
): Disposable {
  const disposables = new DisposableList();
  const item = disposables.add(
    vscode.window.createStatusBarItem(STATUS_BAR_ITEM, vscode.StatusBarAlignment.Left, 999),
  );
  item.name = vscode.l10n.t('Bulkhead Resources');
  item.command = command;
  const glance = disposables.add(new Glance(app, log, (samples) => show(samples)));

  const show = (samples: readonly HostSample[]) => {
    const status = attachments.list()[0]?.status;
    const name = status?.kind === 'attached' ? status.info.name : '';
    const shown = status?.kind === 'attached' ? glanceText(name, samples, vscode.l10n) : undefined;
    if (!shown) {
      item.hide();
      return;
    }
    item.text = shown.text;
    item.tooltip = shown.tooltip;
    item.accessibilityInformation = { label: shown.label, role: 'button' };
    item.show();
  };
  const look = () => {
    const attachment = attachments.list()[0];
    const wanted = vscode.workspace.getConfiguration(SECTION).get(GLANCE_SETTING) !== false;
    const runs = wanted && attachment?.status.kind === 'attached';
    if (!runs) {
      item.hide();
    }
    glance.follow(runs && vscode.window.state.focused ? attachment.id : undefined);
  };
  disposables.add(attachments.onDidChange(look));
  disposables.add(vscode.window.onDidChangeWindowState(look));
  disposables.add(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(`${SECTION}.${GLANCE_SETTING}`)) {
        look();
      }
    }),
  );
  look();
  return disposables;
}
