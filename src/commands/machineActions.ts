import * as vscode from 'vscode';
import { forLabel } from '../core/plainText';
import type { MachineInfo, MachineState } from '../machine/hypervisor';
import { networkModeText, onCloseText, workspaceModeText } from '../views/toggleText';
import type { CommandContext } from './commandContext';
import { COMMAND_IDS, type CommandId } from './commandIds';

/** VS Code makes a command for each view that shows it. */
type ViewCommand =
  | 'bulkhead.resources.focus'
  | 'bulkhead.ports.focus'
  | 'bulkhead.network.focus'
  | 'bulkhead.machines.focus';

interface Action extends vscode.QuickPickItem {
  command?: CommandId | ViewCommand;
}

/** What a click on the machine's status-bar item offers: all that can be done with it in the state it is in. */
export async function machineActions(context: CommandContext): Promise<void> {
  const { t } = vscode.l10n;
  const status = context.attachments.list()[0]?.status;
  const info = status && status.kind !== 'idle' ? status.info : undefined;
  const actions = [
    ...verbs(info?.state, status?.kind === 'attached'),
    ...(info ? toggles(context, info) : []),
    ...elsewhere(),
  ];
  const picked = await vscode.window.showQuickPick(actions, {
    ...(info && { title: forLabel(info.name) }),
    placeHolder: t('What should happen with the machine?'),
    matchOnDescription: true,
  });
  if (picked?.command) {
    await vscode.commands.executeCommand(picked.command);
  }
}

function separator(label: string): Action {
  return { label, kind: vscode.QuickPickItemKind.Separator };
}

/** `attached`: its SSH answers. One that runs and does not answer can be tried again, stopped and removed. */
function verbs(state: MachineState | undefined, attached: boolean): Action[] {
  const { t } = vscode.l10n;
  const start: Action = {
    label: state === 'suspended' ? t('$(play) Resume') : t('$(play) Start or Resume'),
    command: COMMAND_IDS.start,
  };
  const stop: Action = { label: t('$(debug-stop) Stop'), command: COMMAND_IDS.stop };
  return [
    separator(t('Machine')),
    ...(attached
      ? [
          { label: t('$(terminal) Open Terminal'), command: COMMAND_IDS.openTerminal },
          { label: t('$(repo-pull) Bring Changes Back…'), command: COMMAND_IDS.bringChangesBack },
          { label: t('$(debug-pause) Suspend'), command: COMMAND_IDS.suspend },
          stop,
        ]
      : [start, ...(state === 'running' || state === 'suspended' ? [stop] : [])]),
    { label: t('$(folder-opened) Reopen Locally'), command: COMMAND_IDS.reopenLocally },
    { label: t('$(discard) Reset'), command: COMMAND_IDS.reset },
    { label: t('$(trash) Remove'), command: COMMAND_IDS.remove },
  ];
}

function toggles(context: CommandContext, info: MachineInfo): Action[] {
  const { t } = vscode.l10n;
  const network = networkModeText(info.networkMode);
  const workspace = workspaceModeText(info.workspaceMode, info.readOnly === true);
  const onClose = onCloseText(context.onClose(info));
  return [
    separator(t('Toggles')),
    {
      label: t('$({0}) Network', network.icon),
      description: network.label,
      command: COMMAND_IDS.changeNetwork,
    },
    {
      label: t('$({0}) Workspace', workspace.icon),
      description: workspace.label,
      command: COMMAND_IDS.changeWorkspaceMode,
    },
    {
      label: t('$({0}) When the Last Window Closes', onClose.icon),
      description: onClose.label,
      command: COMMAND_IDS.changeOnClose,
    },
    { label: t('$(key) Credentials'), command: COMMAND_IDS.lendCredentials },
  ];
}

function elsewhere(): Action[] {
  const { t } = vscode.l10n;
  return [
    separator(t('Views')),
    { label: t('$(pulse) Resources'), command: 'bulkhead.resources.focus' },
    { label: t('$(plug) Ports'), command: 'bulkhead.ports.focus' },
    { label: t('$(globe) Network'), command: 'bulkhead.network.focus' },
    { label: t('$(vm) All Machines'), command: 'bulkhead.machines.focus' },
    separator(t('More')),
    { label: t('$(gear) Settings of This Workspace'), command: COMMAND_IDS.openSettingsFile },
    { label: t('$(copy) Copy SSH Command'), command: COMMAND_IDS.copySshCommand },
    { label: t('$(output) Show Log'), command: COMMAND_IDS.showLog },
    { label: t('$(debug-console) Show Serial Console'), command: COMMAND_IDS.showConsole },
    { label: t('$(checklist) Check System'), command: COMMAND_IDS.checkSystem },
  ];
}
