import * as vscode from 'vscode';
import type { Attachment } from '../attach/attachment';
import type { Attachments } from '../attach/attachments';
import { type Disposable, DisposableList } from '../core/disposables';
import type { MachineInfo } from '../machine/hypervisor';
import type { OnClose } from '../settings/workspaceSpec';
import { networkToggle, onCloseToggle, type ToggleText, unknownToggle, workspaceToggle } from './toggleText';

/** Which command a click on each item runs. */
export interface ToggleCommands {
  network: string;
  workspace: string;
  keepAwake: string;
}

const DANGER = new vscode.ThemeColor('statusBarItem.errorBackground');

interface Toggle {
  /** Id of the item; its element's id is `<publisher>.<name>.<id>`. */
  id: keyof ToggleCommands;
  name: string;
  priority: number;
  show(info: MachineInfo): ToggleText;
}

/**
 * Network, workspace and keep-awake of the window's machine, beside its state. They show what the Engine said last, and
 * nothing while it does not answer; each can be hidden by its own name (VS Code's "Hide").
 */
export function showToggles(
  attachments: Attachments,
  commands: ToggleCommands,
  onClose: (info: MachineInfo) => OnClose,
): Disposable & { show(): void } {
  const { t } = vscode.l10n;
  const toggles: Toggle[] = [
    { id: 'network', name: t('Bulkhead Network'), priority: 999, show: networkToggle },
    { id: 'workspace', name: t('Bulkhead Workspace Mode'), priority: 998, show: workspaceToggle },
    {
      id: 'keepAwake',
      name: t('Bulkhead Keep Awake'),
      priority: 997,
      show: (info) => onCloseToggle(info, onClose(info)),
    },
  ];
  const disposables = new DisposableList();
  const items = toggles.map((toggle) => {
    const item = disposables.add(
      vscode.window.createStatusBarItem(toggle.id, vscode.StatusBarAlignment.Left, toggle.priority),
    );
    item.name = toggle.name;
    item.command = commands[toggle.id];
    return { toggle, item };
  });
  const show = () => {
    const attachment = attachments.list()[0];
    const info = attachment && knownInfo(attachment);
    for (const { toggle, item } of items) {
      if (!attachment || !info) {
        item.hide();
        continue;
      }
      const { text, tooltip, danger } = attachment.stale ? unknownToggle(toggle.name) : toggle.show(info);
      item.text = text;
      item.tooltip = tooltip;
      item.backgroundColor = danger ? DANGER : undefined;
      item.accessibilityInformation = { label: tooltip, role: 'button' };
      item.show();
    }
  };
  disposables.add(attachments.onDidChange(show));
  // Some changes to a machine that does not run have no event of the Engine's.
  disposables.add(
    vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused) {
        attachments.refresh();
      }
    }),
  );
  show();
  return { show, dispose: () => disposables.dispose() };
}

/** The machine as it was last seen; undefined if it can't be seen, or is no more. */
function knownInfo({ status }: Attachment): MachineInfo | undefined {
  if (status.kind === 'idle' || status.info?.state === 'gone') {
    return undefined;
  }
  // It runs, they say, and could not be reached: what they say is not to be trusted either.
  return status.kind === 'away' && status.info?.state === 'running' ? undefined : status.info;
}
