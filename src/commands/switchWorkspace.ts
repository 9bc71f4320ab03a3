import * as vscode from 'vscode';
import type { ChosenWorkspace } from '../app';
import { forLabel, forMessage } from '../core/plainText';
import type { MachineInfo } from '../machine/hypervisor';
import { workspaceModeText } from '../views/toggleText';
import { attempt, type CommandContext } from './commandContext';
import { offerToKeep } from './keepForWorkspace';

export type WorkspaceAnswer = 'copy' | 'mount' | 'mount-read-only';

/** Switches between a copy of the folder and the folder itself: a machine is made for one of them, so it is started anew. */
export async function switchWorkspace(
  context: CommandContext,
  machine: MachineInfo,
  answer: WorkspaceAnswer,
): Promise<void> {
  const { t } = vscode.l10n;
  const name = forLabel(machine.name);
  const workspace: ChosenWorkspace = {
    mode: answer === 'copy' ? 'copy' : 'mount',
    readOnly: answer === 'mount-read-only',
  };
  const { label } = workspaceModeText(workspace.mode, workspace.readOnly);
  if (!(await mayRestart(machine, answer, label))) {
    return;
  }
  const awake = machine.state === 'running' || machine.state === 'suspended';
  const title = t('Workspace of {0}: {1}', name, label);
  const done = await attempt(context, title, async (signal, onProgress) => {
    // Says what is wrong with the folder before anything is stopped.
    await context.app.setWorkspaceMode(machine.id, workspace, { signal });
    if (!awake) {
      return undefined;
    }
    await context.app.stop(machine.id, { signal });
    return context.app.up(machine.folder, { signal, onProgress });
  });
  for (const warning of done?.value?.warnings ?? []) {
    context.log.warn(warning);
  }
  context.attachments.refresh();
  if (!done) {
    return;
  }
  if (done.value) {
    await context.attachments.hold(machine.id).attach();
    await context.hostSettings.read(machine.id);
  }
  const message = awake
    ? t('Workspace of {0}: {1}.', name, label)
    : t('Workspace of {0}: {1}, from its next start on.', name, label);
  await offerToKeep(context, machine, message, ['workspace'], {
    mode: workspace.mode,
    ...(workspace.mode === 'mount' && { readOnly: workspace.readOnly }),
  });
}

/** Says what is opened, what ends and what stays. */
async function mayRestart(machine: MachineInfo, answer: WorkspaceAnswer, label: string): Promise<boolean> {
  const { t } = vscode.l10n;
  const folder = forMessage(machine.folder, 300);
  const about: Record<WorkspaceAnswer, string[]> = {
    copy: [
      t(
        'The VM gets its own copy again: the one that it had, with all that was changed in it, or a new one.',
      ),
      t('The folder on this computer is no longer in the VM.'),
    ],
    'mount-read-only': [
      t(
        'All that runs in the VM reads {0} as it is on this computer, `.git` and files like `.env` included.',
        folder,
      ),
      t('It can’t change it.'),
    ],
    mount: [
      t(
        'All that runs in the VM reads and writes {0} on this computer, at once and without a review.',
        folder,
      ),
      t('What you build or run from it here (scripts, Makefiles, package.json) has no wall then.'),
      t('`.git` and the settings of editors, containers and CI directly in it stay read-only.'),
    ],
  };
  const stays =
    answer === 'copy'
      ? []
      : [
          t('The VM’s own copy stays on its disk, and is back when you switch back.'),
          t('A machine with a mounted folder can’t be suspended: it stops when its last window closes.'),
        ];
  const restart =
    machine.state === 'running' || machine.state === 'suspended'
      ? [t('The machine restarts for it: its programs end.')]
      : [];
  const detail = [...about[answer], ...stays, ...restart].map((line) => `• ${line}`).join('\n');
  const yes = restart.length > 0 ? t('Switch and Restart') : t('Switch');
  const message = t('Switch the workspace of {0} to {1}?', forLabel(machine.name), label);
  return (await vscode.window.showWarningMessage(message, { modal: true, detail }, yes)) === yes;
}
