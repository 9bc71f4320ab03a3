import * as vscode from 'vscode';
import { showError } from '../views/errorNotification';
import type { CommandContext } from './commandContext';
import { COMMAND_IDS, type CommandId } from './commandIds';
import { findInFiles } from './findInFiles';
import { goToFile } from './goToFile';
import { machineActions } from './machineActions';
import { startMachine, stopMachine, suspendMachine } from './machineLifecycle';
import { openInVm } from './openInVm';
import { openTerminal } from './openTerminal';
import { removeMachine } from './removeMachine';
import { reopenLocally } from './reopenLocally';

type Command = (context: CommandContext, ...args: unknown[]) => Promise<void>;

const COMMANDS: Record<CommandId, Command> = {
  [COMMAND_IDS.openInVm]: (context, clicked) =>
    openInVm(context, clicked instanceof vscode.Uri ? clicked : undefined),
  [COMMAND_IDS.reopenLocally]: reopenLocally,
  [COMMAND_IDS.openTerminal]: openTerminal,
  [COMMAND_IDS.start]: startMachine,
  [COMMAND_IDS.suspend]: suspendMachine,
  [COMMAND_IDS.stop]: stopMachine,
  [COMMAND_IDS.remove]: removeMachine,
  [COMMAND_IDS.machineActions]: machineActions,
  [COMMAND_IDS.goToFile]: goToFile,
  [COMMAND_IDS.findInFiles]: findInFiles,
  [COMMAND_IDS.showLog]: async ({ channel }) => channel.show(),
  [COMMAND_IDS.refreshMachines]: ({ machines }) => machines.refresh(),
};

/** Registers every command; whatever one of them throws is shown, never lost. */
export function registerCommands(context: CommandContext): vscode.Disposable {
  return vscode.Disposable.from(
    ...Object.entries(COMMANDS).map(([id, command]) =>
      vscode.commands.registerCommand(id, async (...args: unknown[]) => {
        try {
          await command(context, ...args);
        } catch (error) {
          await showError(error, context.log, context.channel);
        }
      }),
    ),
  );
}
