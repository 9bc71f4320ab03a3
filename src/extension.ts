import { join } from 'node:path';
import * as vscode from 'vscode';
import { Attachments } from './attach/attachments';
import { cliCommand } from './attach/cliCommand';
import { withheldSettingsOf } from './attach/editorSettings/withheldSettingsOf';
import { gitInWindow } from './attach/git/gitInWindow';
import { HostFolders } from './attach/hostFolders';
import { HostSettings } from './attach/hostSettings';
import { MachineFileSystem } from './attach/machineFileSystem';
import { PortForwards } from './attach/portForwards';
import { RememberedPorts } from './attach/rememberedPorts';
import { registerTerminals } from './attach/terminals';
import { userDefaults } from './attach/userDefaults';
import { whenClosed } from './attach/whenClosed';
import { windowLeases } from './attach/windowLeases';
import { followAttachments, presentBringUp } from './commands/attachProgress';
import type { CommandContext } from './commands/commandContext';
import { COMMAND_IDS } from './commands/commandIds';
import { confirmSignature } from './commands/confirmSignature';
import { choosePresetHosts } from './commands/network/presetHostsPick';
import { giveNotices } from './commands/notices';
import { registerCommands } from './commands/registerCommands';
import { runDoctorAction } from './commands/runDoctorAction';
import { showStatusBar } from './commands/statusBar';
import { DisposableList } from './core/disposables';
import { lazyApp } from './lazyApp';
import { CheckSystemPanel } from './views/checkSystem/checkSystemPanel';
import { channelLog } from './views/logChannel';
import { MachineTree } from './views/machines/machineTree';
import { MachineTexts } from './views/machineTexts';
import { NetworkView } from './views/network/networkView';
import { PortTree } from './views/ports/portTree';
import { ResourcesView } from './views/resources/resourcesView';
import { Search } from './views/search/search';
import { registerSettingsFiles } from './views/settings/settingsFiles';

/** Composes the services and registers them. No I/O: the first command or the first file does that. */
export function activate(extension: vscode.ExtensionContext): void {
  const channel = vscode.window.createOutputChannel('Bulkhead', { log: true });
  const log = channelLog(channel);
  const defaults = userDefaults();
  const cli = extension.asAbsolutePath(join('dist', 'cli.js'));
  const asks = { confirmSignature, choosePresetHosts };
  const app = lazyApp({ log, defaults: defaults.values, proxyCommand: cliCommand(cli), ...asks });
  const attachments = new Attachments(app, log, presentBringUp(log));
  const hostFolders = new HostFolders(extension.globalState);
  const search = new Search(attachments, extension.workspaceState);
  const ports = new PortForwards(app, attachments, new RememberedPorts(extension.globalState), log);
  const network = new NetworkView(app, attachments, extension.globalState, log);
  const machines = new MachineTree(app, ports, log);
  const texts = new MachineTexts(app);
  const checkSystem = new CheckSystemPanel(app, log, extension, runDoctorAction);
  const hostSettings = new HostSettings(app, attachments, log);
  const withheldSettings = withheldSettingsOf(app, extension.globalState);
  const sourceControls = gitInWindow(attachments, log);
  const resources = new ResourcesView(extension.extensionUri, app, machines, COMMAND_IDS, log);

  const onClose = whenClosed(hostSettings, defaults);
  const leases = windowLeases(extension, attachments, onClose, log);
  const { extensionUri } = extension;
  const held = { app, attachments, hostFolders, hostSettings, machines, ports, network, texts };
  const views = { withheldSettings, search, sourceControls, resources, leases, checkSystem };
  const context: CommandContext = { ...held, ...views, extensionUri, onClose, log, channel };

  const disposables = new DisposableList();
  extension.subscriptions.push(disposables);
  for (const disposable of [
    channel,
    app,
    defaults,
    attachments,
    ports,
    network,
    machines,
    search,
    texts,
    new PortTree(ports, attachments),
    hostSettings,
    withheldSettings,
    sourceControls,
    checkSystem,
    // Disposed before the attachments: it asks them whether their machines run.
    leases,
    followAttachments(context),
    showStatusBar(context),
    resources,
    MachineFileSystem.register(attachments, withheldSettings, log),
    registerTerminals(attachments, log),
    registerSettingsFiles(app, log, COMMAND_IDS.openSettingsFile),
    giveNotices(context),
    registerCommands(context),
  ]) {
    disposables.add(disposable);
  }
}
