import { readdir } from 'node:fs/promises';
import * as vscode from 'vscode';
import { askLine } from '../attach/notify';
import { messageOf } from '../core/errors';
import { forLabel } from '../core/plainText';
import type { MachineInfo } from '../machine/hypervisor';
import { workspaceModeText } from '../views/toggleText';
import type { CommandContext } from './commandContext';
import { COMMAND_IDS } from './commandIds';
import { keepForWorkspace, openSettingsFile } from './keepForWorkspace';
import { type Choice, pickMode } from './pickMode';
import { sayNext } from './sayNext';
import { switchWorkspace, type WorkspaceAnswer } from './switchWorkspace';
import { targetMachine } from './targetMachines';

type Answer = WorkspaceAnswer | 'exclude' | 'file' | 'user' | 'bring-back';

/** How the workspace gets into the machine: says what a copy is, what is left out of it, and what else there is. */
export async function changeWorkspaceMode(context: CommandContext, ...args: unknown[]): Promise<void> {
  const { t } = vscode.l10n;
  const machine = await targetMachine(context, args, t('Whose workspace is it about?'));
  if (!machine) {
    return;
  }
  const name = forLabel(machine.name);
  const answer = await pickMode(t('Workspace of {0}', name), await choicesFor(context, machine));
  switch (answer) {
    case 'copy':
    case 'mount':
    case 'mount-read-only':
      if (answer !== answerOf(machine)) {
        await switchWorkspace(context, machine, answer);
      }
      return;
    case 'bring-back':
      await vscode.commands.executeCommand(COMMAND_IDS.bringChangesBack, machine.id);
      return;
    case 'exclude':
      return chooseExcluded(context, machine);
    case 'file':
      return openSettingsFile(context, machine);
    case 'user':
      await vscode.commands.executeCommand('workbench.action.openSettings', 'bulkhead.workspace');
      return;
    default:
      return;
  }
}

function answerOf({ workspaceMode, readOnly }: MachineInfo): WorkspaceAnswer {
  return workspaceMode === 'mount' && readOnly ? 'mount-read-only' : workspaceMode;
}

async function choicesFor(context: CommandContext, machine: MachineInfo): Promise<Choice<Answer>[]> {
  const { t } = vscode.l10n;
  const now = answerOf(machine);
  const modes = await context.app.workspaceModes();
  const mode = (value: WorkspaceAnswer): Choice<Answer> => ({
    value,
    text: workspaceModeText(value === 'copy' ? 'copy' : 'mount', value === 'mount-read-only'),
    current: value === now,
    ...(!modes.includes(value === 'copy' ? 'copy' : 'mount') && {
      unavailable: t('Machines of this kind have no shared folders.'),
    }),
  });
  return [
    mode('copy'),
    mode('mount-read-only'),
    mode('mount'),
    ...(now === 'copy' ? [bringBack()] : []),
    {
      value: 'exclude',
      text: {
        icon: 'exclude',
        label: t('Choose What Is Left Out'),
        detail: t('Folders and patterns of the folder on this computer that are not copied into the VM.'),
      },
      current: false,
    },
    {
      value: 'file',
      text: {
        icon: 'gear',
        label: t('Open .bulkhead.json'),
        detail: t('The settings of this workspace, in its folder on this computer.'),
      },
      current: false,
    },
    {
      value: 'user',
      text: {
        icon: 'settings-gear',
        label: t('Open User Settings'),
        detail: t('What is left out where a workspace’s own settings do not say.'),
      },
      current: false,
    },
  ];
}

function bringBack(): Choice<Answer> {
  const { t } = vscode.l10n;
  return {
    value: 'bring-back',
    text: {
      icon: 'repo-pull',
      label: t('Bring Changes Back…'),
      detail: t('Shows what the VM changed, and brings into the folder on this computer what you tick.'),
    },
    current: false,
  };
}

async function chooseExcluded(context: CommandContext, machine: MachineInfo): Promise<void> {
  const { t } = vscode.l10n;
  const before = await leftOut(context, machine.folder);
  const suggested = (await foldersOf(context, machine.folder)).filter((folder) => !before.includes(folder));
  const another = { label: t('$(add) Another Pattern…'), alwaysShow: true, pattern: undefined };
  const items = [
    ...before.map((pattern) => ({
      label: forLabel(pattern, 300),
      description: t('left out now'),
      picked: true,
      pattern,
    })),
    ...suggested.map((folder) => ({
      label: forLabel(folder, 300),
      description: t('folder'),
      pattern: folder,
    })),
    another,
  ];
  const picked = await vscode.window.showQuickPick(items, {
    canPickMany: true,
    title: t('What is not copied into {0}', forLabel(machine.name)),
    placeHolder: t('Patterns as in .gitignore'),
  });
  if (!picked) {
    return;
  }
  const patterns = picked.flatMap(({ pattern }) => pattern ?? []);
  if (picked.some(({ pattern }) => pattern === undefined)) {
    const typed = await askLine({
      title: t('Another pattern to leave out'),
      placeHolder: '*.log',
      problem: (text) => (text.trim() === '' ? t('Write a pattern as in .gitignore.') : undefined),
    });
    if (typed === undefined) {
      return;
    }
    patterns.push(typed.trim());
  }
  if (patterns.join('\n') === before.join('\n')) {
    return;
  }
  await keepForWorkspace(context, machine, ['workspace', 'exclude'], patterns);
  const reset = t('Reset the Machine…');
  const message = t(
    'What is left out counts when the folder is copied into the VM the next time: this machine has its copy already. Reset it to begin with a new copy.',
  );
  await sayNext(message, reset, COMMAND_IDS.reset);
}

/** The patterns that count now, whoever says so. */
async function leftOut(context: CommandContext, folder: string): Promise<string[]> {
  const { settings } = await context.app.effectiveSettings(folder);
  const value = settings.find(({ key }) => key === 'workspace.exclude')?.value;
  return Array.isArray(value) ? value.map(String) : [];
}

/** The folder's own folders with plain names, which mean themselves as patterns; none if it can't be read. */
async function foldersOf(context: CommandContext, folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && /^[\w.@+-]{1,100}$/.test(entry.name))
      .map(({ name }) => name)
      .sort()
      .slice(0, 200);
  } catch (error) {
    context.log.warn(`${folder} can't be read: ${messageOf(error)}`);
    return [];
  }
}
