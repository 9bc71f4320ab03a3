import * as vscode from 'vscode';
import { showError } from '../views/errorNotification';
import { applySettings } from './applySettings';
import { changeLocalPort } from './changeLocalPort';
import { changeNetwork } from './changeNetwork';
import { changeOnClose } from './changeOnClose';
import { changeWorkspaceMode } from './changeWorkspaceMode';
import { chooseResources } from './chooseResources';
import type { CommandContext } from './commandContext';
import { COMMAND_IDS, type CommandId } from './commandIds';
import { copyToComputer } from './copy/copyToComputer';
import { copyToVm } from './copy/copyToVm';
import { copyLocalAddress } from './copyLocalAddress';
import { copySshCommand } from './copySshCommand';
import { findInFiles } from './findInFiles';
import { addPort, forwardPort } from './forwardPort';
import { amend, commit } from './git/commit';
import { createBranch } from './git/createBranch';
import { discard, discardAll } from './git/discard';
import { openChange, openFile } from './git/openChange';
import { refresh } from './git/refresh';
import { stage, stageAll } from './git/stage';
import { switchBranch } from './git/switchBranch';
import { trustRepository } from './git/trustRepository';
import { unstage, unstageAll } from './git/unstage';
import { goToFile } from './goToFile';
import { openHostTerminal } from './hostTerminals';
import { lendCredentials } from './lendCredentials';
import { machineActions } from './machineActions';
import { startMachine, stopMachine, suspendMachine } from './machineLifecycle';
import { allowHost } from './network/allowHost';
import { allowPackageHosts } from './network/allowPackageHosts';
import { copyHost } from './network/copyHost';
import { revokeHost } from './network/revokeHost';
import { toggleDeniedNotices } from './network/toggleDeniedNotices';
import { openExample } from './openExample';
import { openInVm } from './openInVm';
import { openMachine } from './openMachine';
import { openPort } from './openPort';
import { openTerminal, openTerminalHere, splitTerminal } from './openTerminal';
import { pruneUnused } from './pruneUnused';
import { removeMachine } from './removeMachine';
import { reopenLocally } from './reopenLocally';
import { resetMachine } from './resetMachine';
import { revealFolder } from './revealFolder';
import { registerReview } from './review/registerReview';
import type { ReviewCommandId } from './review/reviewCommandIds';
import { reviewAsks } from './reviewAsks';
import { createSettingsFile, openSettingsFile } from './settingsFile';
import { showConsole, showLog } from './showMachineText';
import { showResources } from './showResources';
import { stopForwarding } from './stopForwarding';
import { togglePortNotices } from './togglePortNotices';

type Command = (context: CommandContext, ...args: unknown[]) => Promise<void>;

const COMMANDS: Record<Exclude<CommandId, ReviewCommandId>, Command> = {
  [COMMAND_IDS.openInVm]: (context, clicked) =>
    openInVm(context, clicked instanceof vscode.Uri ? clicked : undefined),
  [COMMAND_IDS.reopenLocally]: reopenLocally,
  [COMMAND_IDS.openTerminal]: openTerminal,
  [COMMAND_IDS.openTerminalHere]: openTerminalHere,
  [COMMAND_IDS.splitTerminal]: splitTerminal,
  [COMMAND_IDS.openHostTerminal]: openHostTerminal,
  [COMMAND_IDS.start]: startMachine,
  [COMMAND_IDS.suspend]: suspendMachine,
  [COMMAND_IDS.stop]: stopMachine,
  [COMMAND_IDS.remove]: removeMachine,
  [COMMAND_IDS.changeNetwork]: changeNetwork,
  [COMMAND_IDS.changeWorkspaceMode]: changeWorkspaceMode,
  [COMMAND_IDS.changeOnClose]: changeOnClose,
  [COMMAND_IDS.lendCredentials]: lendCredentials,
  [COMMAND_IDS.checkSystem]: ({ checkSystem }) => checkSystem.show(),
  [COMMAND_IDS.openExample]: openExample,
  [COMMAND_IDS.machineActions]: machineActions,
  [COMMAND_IDS.goToFile]: goToFile,
  [COMMAND_IDS.findInFiles]: findInFiles,
  [COMMAND_IDS.showLog]: showLog,
  [COMMAND_IDS.openSettingsFile]: openSettingsFile,
  [COMMAND_IDS.createSettingsFile]: createSettingsFile,
  [COMMAND_IDS.applySettings]: applySettings,
  [COMMAND_IDS.reviewAsks]: reviewAsks,
  [COMMAND_IDS.refreshMachines]: ({ machines }) => machines.refresh(),
  [COMMAND_IDS.reset]: resetMachine,
  [COMMAND_IDS.openMachine]: (context, ...args) => openMachine(context, 'this', args),
  [COMMAND_IDS.openMachineInNewWindow]: (context, ...args) => openMachine(context, 'new', args),
  [COMMAND_IDS.copySshCommand]: copySshCommand,
  [COMMAND_IDS.showConsole]: showConsole,
  [COMMAND_IDS.revealFolder]: revealFolder,
  [COMMAND_IDS.prune]: pruneUnused,
  [COMMAND_IDS.forwardPort]: forwardPort,
  [COMMAND_IDS.addPort]: addPort,
  [COMMAND_IDS.stopForwarding]: stopForwarding,
  [COMMAND_IDS.openPort]: openPort,
  [COMMAND_IDS.copyLocalAddress]: copyLocalAddress,
  [COMMAND_IDS.changeLocalPort]: changeLocalPort,
  [COMMAND_IDS.togglePortNotices]: togglePortNotices,
  [COMMAND_IDS.allowHostOnce]: (context, ...args) => allowHost(context, 'once', args),
  [COMMAND_IDS.allowHostForMachine]: (context, ...args) => allowHost(context, 'machine', args),
  [COMMAND_IDS.allowHostForWorkspace]: (context, ...args) => allowHost(context, 'workspace', args),
  [COMMAND_IDS.revokeHost]: revokeHost,
  [COMMAND_IDS.copyHost]: copyHost,
  [COMMAND_IDS.allowPackageHosts]: allowPackageHosts,
  [COMMAND_IDS.toggleDeniedNotices]: toggleDeniedNotices,
  [COMMAND_IDS.copyToVm]: copyToVm,
  [COMMAND_IDS.copyToComputer]: copyToComputer,
  [COMMAND_IDS.gitCommit]: commit,
  [COMMAND_IDS.gitAmend]: amend,
  [COMMAND_IDS.gitRefresh]: refresh,
  [COMMAND_IDS.gitStage]: stage,
  [COMMAND_IDS.gitStageAll]: stageAll,
  [COMMAND_IDS.gitUnstage]: unstage,
  [COMMAND_IDS.gitUnstageAll]: unstageAll,
  [COMMAND_IDS.gitDiscard]: discard,
  [COMMAND_IDS.gitDiscardAll]: discardAll,
  [COMMAND_IDS.gitOpenChange]: openChange,
  [COMMAND_IDS.gitOpenFile]: openFile,
  [COMMAND_IDS.gitSwitchBranch]: switchBranch,
  [COMMAND_IDS.gitCreateBranch]: createBranch,
  [COMMAND_IDS.gitTrustRepository]: trustRepository,
  [COMMAND_IDS.showResources]: showResources,
  [COMMAND_IDS.chooseResources]: chooseResources,
  [COMMAND_IDS.openResourcesInEditor]: async ({ resources }) => resources.openInEditor(),
};

/** Registers every command; whatever one of them throws is shown, never lost. */
export function registerCommands(context: CommandContext): vscode.Disposable {
  return vscode.Disposable.from(
    registerReview(context),
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
