/** Every command of the extension; a test holds this list against package.json. */
export const COMMAND_IDS = {
  openInVm: 'bulkhead.openInVm',
  reopenLocally: 'bulkhead.reopenLocally',
  openTerminal: 'bulkhead.openTerminal',
  start: 'bulkhead.start',
  suspend: 'bulkhead.suspend',
  stop: 'bulkhead.stop',
  remove: 'bulkhead.remove',
  changeNetwork: 'bulkhead.changeNetwork',
  changeWorkspaceMode: 'bulkhead.changeWorkspaceMode',
  changeOnClose: 'bulkhead.changeOnClose',
  checkSystem: 'bulkhead.checkSystem',
  openExample: 'bulkhead.openExample',
  machineActions: 'bulkhead.machineActions',
  goToFile: 'bulkhead.goToFile',
  findInFiles: 'bulkhead.findInFiles',
  openSettingsFile: 'bulkhead.openSettingsFile',
  createSettingsFile: 'bulkhead.createSettingsFile',
  applySettings: 'bulkhead.applySettings',
  showLog: 'bulkhead.showLog',
  refreshMachines: 'bulkhead.refreshMachines',
  reset: 'bulkhead.reset',
  openMachine: 'bulkhead.openMachine',
  openMachineInNewWindow: 'bulkhead.openMachineInNewWindow',
  copySshCommand: 'bulkhead.copySshCommand',
  showConsole: 'bulkhead.showConsole',
  revealFolder: 'bulkhead.revealFolder',
  prune: 'bulkhead.prune',
  forwardPort: 'bulkhead.forwardPort',
  stopForwarding: 'bulkhead.stopForwarding',
  openPort: 'bulkhead.openPort',
  copyLocalAddress: 'bulkhead.copyLocalAddress',
  changeLocalPort: 'bulkhead.changeLocalPort',
  togglePortNotices: 'bulkhead.togglePortNotices',
} as const;

export type CommandId = (typeof COMMAND_IDS)[keyof typeof COMMAND_IDS];

/** What a click on each toggle of the status bar runs. */
export const TOGGLE_COMMANDS = {
  network: COMMAND_IDS.changeNetwork,
  workspace: COMMAND_IDS.changeWorkspaceMode,
  keepAwake: COMMAND_IDS.changeOnClose,
};
