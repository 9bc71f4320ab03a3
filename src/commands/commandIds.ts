/** Every command of the extension; a test holds this list against package.json. */
export const COMMAND_IDS = {
  openInVm: 'bulkhead.openInVm',
  reopenLocally: 'bulkhead.reopenLocally',
  openTerminal: 'bulkhead.openTerminal',
  start: 'bulkhead.start',
  suspend: 'bulkhead.suspend',
  stop: 'bulkhead.stop',
  remove: 'bulkhead.remove',
  machineActions: 'bulkhead.machineActions',
  goToFile: 'bulkhead.goToFile',
  findInFiles: 'bulkhead.findInFiles',
  showLog: 'bulkhead.showLog',
  refreshMachines: 'bulkhead.refreshMachines',
} as const;

export type CommandId = (typeof COMMAND_IDS)[keyof typeof COMMAND_IDS];
