import { join } from 'node:path';
import * as vscode from 'vscode';
import { choicesFile, chosenOnClose } from './app/chosenOnClose';
import { defaultDataDirectory } from './app/dataDirectory';
import { Attachments } from './attach/attachments';
import { cliCommand } from './attach/cliCommand';
import { HostFolders } from './attach/hostFolders';
import { HostSettings } from './attach/hostSettings';
import { MachineFileSystem } from './attach/machineFileSystem';
import { PortForwards } from './attach/portForwards';
import { RememberedPorts } from './attach/rememberedPorts';
import { registerTasks } from './attach/taskProvider';
import { registerTerminalProfile } from './attach/terminalProfile';
import { userDefaults } from './attach/userDefaults';
import { detachedRelease, WindowLeases } from './attach/windowLeases';
import { offerToApply } from './commands/applySettings';
import { followAttachments, presentBringUp } from './commands/attachProgress';
import type { CommandContext } from './commands/commandContext';
import { COMMAND_IDS } from './commands/commandIds';
import { watchForHostTerminals } from './commands/hostTerminalNotice';
import { announceNewPorts } from './commands/portNotices';
import { registerCommands } from './commands/registerCommands';
import { DisposableList } from './core/disposables';
import { lazyApp } from './lazyApp';
import type { MachineInfo } from './machine/hypervisor';
import { channelLog } from './views/logChannel';
import { showMachineStatus } from './views/machineStatusBar';
import { MachineTree } from './views/machines/machineTree';
import { MachineTexts } from './views/machineTexts';
import { PortTree } from './views/ports/portTree';
import { Search } from './views/search/search';
import { registerSettingsFiles } from './views/settings/settingsFiles';

/** Composes the services and registers them. No I/O: the first command or the first file does that. */
export function activate(extension: vscode.ExtensionContext): void {
  const channel = vscode.window.createOutputChannel('Bulkhead', { log: true });
  const log = channelLog(channel);
  const defaults = userDefaults();
  const cli = extension.asAbsolutePath(join('dist', 'cli.js'));
  const app = lazyApp({ log, defaults: defaults.values, proxyCommand: cliCommand(cli) });
  const attachments = new Attachments(app, log, presentBringUp(log));
  const hostFolders = new HostFolders(extension.globalState);
  const search = new Search(attachments, extension.workspaceState);
  const ports = new PortForwards(app, attachments, new RememberedPorts(extension.globalState), log);
  const machines = new MachineTree(app, ports, log);
  const texts = new MachineTexts(app);
  const hostSettings = new HostSettings(app, attachments, log);

  const leases = join(defaultDataDirectory(), 'leases');
  const release = detachedRelease(leases, extension.asAbsolutePath(join('dist', 'release.js')), cli);
  const onClose = (info: MachineInfo) =>
    chosenOnClose(choicesFile(defaultDataDirectory(), info.id)) ??
    hostSettings.onClose(info.id) ??
    defaults.onClose(info);
  const windowLeases = new WindowLeases(leases, attachments, onClose, release, log);
  const context: CommandContext = {
    app,
    attachments,
    hostFolders,
    hostSettings,
    machines,
    ports,
    texts,
    search,
    leases: windowLeases,
    log,
    channel,
  };

  const disposables = new DisposableList();
  extension.subscriptions.push(disposables);
  for (const disposable of [
    channel,
    app,
    defaults,
    attachments,
    ports,
    machines,
    search,
    texts,
    new PortTree(ports, attachments),
    announceNewPorts(context),
    hostSettings,
    // Disposed before the attachments: it asks them whether their machines run.
    windowLeases,
    followAttachments(context),
    showMachineStatus(attachments, COMMAND_IDS.machineActions),
    MachineFileSystem.register(attachments, log),
    registerTerminalProfile(attachments, log),
    registerTasks(attachments, log),
    registerSettingsFiles(app, log, COMMAND_IDS.openSettingsFile),
    offerToApply(context),
    watchForHostTerminals(context),
    registerCommands(context),
  ]) {
    disposables.add(disposable);
  }
}
