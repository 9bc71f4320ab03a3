import type { MachineState } from '../../machine/hypervisor';
import { stateName } from '../machines/machineRows';
import type { L10n } from '../row';

const STATES: MachineState[] = [
  'created',
  'starting',
  'running',
  'suspending',
  'suspended',
  'stopping',
  'stopped',
  'failed',
  'gone',
];

/** The page's texts, translated: a web page has no `vscode.l10n`. `{0}` is replaced by the page. */
export function resourceTexts(l10n: L10n): Record<string, string> {
  return {
    resources: l10n.t('Resources'),
    host: l10n.t('host'),
    guest: l10n.t('guest'),
    hostHelp: l10n.t('Measured by the host, from outside the VM'),
    guestHelp: l10n.t('What the guest says of itself. Software in the VM can make it say anything'),
    hostLegend: l10n.t('measured'),
    guestLegend: l10n.t('its own word'),
    notMeasured: l10n.t('not known from this side'),
    now: l10n.t('now'),
    minutesAgo: l10n.t('−{0}m', '{0}'),
    secondsAgo: l10n.t('{0} s ago', '{0}'),
    noFigures: l10n.t('no figures yet'),
    chartLabel: l10n.t(
      '{0} over the last 5 minutes. Arrow keys read earlier figures, Escape returns to the present',
      '{0}',
    ),
    cpuCount: l10n.t('{0} CPU', '{0}'),
    networkMode: l10n.t('network: {0}', '{0}'),

    cpu: l10n.t('CPU'),
    cpuHelp: l10n.t(
      'Percent of one CPU: {0}% is all of them busy. The VM’s total includes what running it costs',
      '{0}',
    ),
    cpuTotal: l10n.t('Whole VM'),
    cpuNumber: l10n.t('CPU {0}', '{0}'),
    memory: l10n.t('Memory'),
    memoryHelp: l10n.t(
      'What the VM really takes of the host’s memory, and how the guest says it uses its own',
    ),
    memoryPaid: l10n.t('Taken from host'),
    memoryLimit: l10n.t('Limit'),
    memoryCached: l10n.t('Cache'),
    memoryUsed: l10n.t('Programs'),
    diskRate: l10n.t('Disk I/O'),
    diskHelp: l10n.t('What is read from and written to the VM’s disks'),
    read: l10n.t('Read'),
    written: l10n.t('Written'),
    network: l10n.t('Network'),
    networkHelp: l10n.t(
      'The host measures it while the VM has a way out; the guest counts its own interfaces',
    ),
    received: l10n.t('Received'),
    sent: l10n.t('Sent'),

    space: l10n.t('Disk Space'),
    of: l10n.t('{0} of {1}', '{0}', '{1}'),
    upper: l10n.t('Writable disk'),
    upperHelp: l10n.t('What the VM’s own disk takes on the host, and how large it may grow'),
    fileSystem: l10n.t('File system'),
    fileSystemHelp: l10n.t('How full the guest says its writable file system is'),
    layers: l10n.t('Image layers'),
    layersHelp: l10n.t('Layers of the image, stored once. The bar is the part that other machines use too'),
    layersUse: l10n.t('{0} shared, {1} own', '{0}', '{1}'),
    savedMemory: l10n.t('Saved memory: {0}', '{0}'),

    processes: l10n.t('Top Processes'),
    processesHelp: l10n.t('Those that use most CPU, then memory'),
    processCount: l10n.t('of {0}', '{0}'),
    process: l10n.t('Process'),
    kitProcess: l10n.t('{0}, a part of Bulkhead that runs in every VM', '{0}'),
    pid: l10n.t('PID'),
    uid: l10n.t('User'),

    loading: l10n.t('Waiting for the first figures…'),
    none: l10n.t('There is no machine yet. Open a folder in its own VM to see what it uses.'),
    noneHere: l10n.t('This window’s machine is gone. There are others.'),
    resting: l10n.t('{0} is {1}.', '{0}', '{1}'),
    noneSeen: l10n.t('Figures come when it runs.'),
    lastSeen: l10n.t('These are the last figures, of {0}.', '{0}'),
    guestSilent: l10n.t('The guest does not answer. What the host measures goes on.'),
    ...Object.fromEntries(STATES.map((state) => [`state.${state}`, stateName(state, l10n)])),
    'action.start': l10n.t('Start'),
    'action.resume': l10n.t('Resume'),
    'action.open': l10n.t('Open a Folder in an Isolated VM'),
    'action.choose': l10n.t('Choose a Machine'),
    'action.retry': l10n.t('Try Again'),
  };
}
