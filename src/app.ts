import { folderAsks, grantAsks, revokeGrants } from './app/consent';
import type { App, AppOptions } from './app/contract';
import { defaultDataDirectory } from './app/dataDirectory';
import { diskUse } from './app/diskUse';
import { doctor } from './app/doctor/doctor';
import { watchMachines } from './app/engineEvents';
import { settingsOptions } from './app/folderSettings';
import { followFolder, withMachine } from './app/followFolder';
import { MachineActions } from './app/machineActions';
import { withChoices } from './app/machineChoices';
import { MachineEnds } from './app/machineEnds';
import { readMachineLog } from './app/machineLog';
import { allowHost, networkPolicy, revokeHost, switchMode } from './app/machineNetwork';
import { allowPreset, hostsOfPreset } from './app/networkPresets';
import { NetworkWatches, networkRows } from './app/networkWatch';
import { openFolder } from './app/openFolder';
import { PortForwards } from './app/portForward';
import { listPorts, portSource } from './app/portWatch';
import { prune } from './app/prune';
import { hostSource, resourceSource } from './app/resourceWatch';
import { reviewContext } from './app/reviewedMachines';
import { Services } from './app/services';
import { settingsDrift } from './app/settingsDrift';
import { SharedWatches } from './app/sharedWatches';
import { sshHost } from './app/sshHost';
import { wantedPorts } from './app/wantedPorts';
import { copyIn } from './guest/copy/copyIn';
import { copyOut } from './guest/copy/copyOut';
import { surveyGuest } from './guest/copy/guestSurvey';
import { surveyHost } from './guest/copy/hostSurvey';
import type { MachineInfo, WaitOptions } from './machine/hypervisor';
import { KVM_NETWORK_MODES } from './machine/kvm/containerNetwork';
import { ReviewGate } from './review/reviewGate';
import { checkSettingsText } from './settings/checkText';
import { setBulkheadSetting } from './settings/editBulkheadFile';
import { editorSettings } from './settings/editorSettings';
import { effectiveSettings } from './settings/effectiveSettings';
import { newSettingsFile } from './settings/newSettingsFile';
import { remedyEdits } from './settings/remedies';
import { settingsTemplate } from './settings/settingsTemplate';
import type { WorkspaceMode } from './settings/workspaceSpec';

export type * from './app/contract';
export type * from './app/doctor/doctorFinding';

const WORKSPACE_MODES: readonly WorkspaceMode[] = ['copy', 'mount'];

/** Composes the services. Nothing is read, connected to or started before the first call. */
export function createApp(options: AppOptions): App {
  const services = new Services(
    options.log,
    options.dataDirectory ?? defaultDataDirectory(),
    options.proxyCommand,
    options.defaults ?? {},
    options.confirmSignature,
    options.choosePresetHosts,
  );
  const actions = new MachineActions(services);
  const ends = new MachineEnds(services);
  const hosts = new SharedWatches(ends, hostSource(services), { replay: false });
  const resources = new SharedWatches(ends, resourceSource(services, hosts), { replay: false });
  const ports = new SharedWatches(ends, portSource(services), { replay: true });
  const gate = new ReviewGate(reviewContext(services));
  const network = new NetworkWatches(services, ends);
  const forwards = new PortForwards(services, ends);
  const machine = (id: string, wait: WaitOptions | undefined) => services.machine(id, wait);
  const chosen = (info: MachineInfo) => withChoices(info, services.data.choices(info.id), options.log);
  return {
    up: (folder, wait = {}) => openFolder(services, folder, wait),
    list: async (wait = {}) =>
      Promise.all((await (await services.connect(wait)).hypervisor.list(wait)).map(chosen)),
    find: async (id, wait) => chosen(await actions.find(id, wait)),
    guest: (id, wait) => services.guest(id, wait),
    start: async (id, wait) => chosen(await actions.start(id, wait)),
    stop: (id, wait) => actions.stop(id, wait),
    suspend: async (id, wait) => chosen(await actions.suspend(id, wait)),
    resume: async (id, wait) => chosen(await actions.start(id, wait)),
    reset: (id, wait) => actions.reset(id, wait),
    remove: (id, wait) => actions.remove(id, wait),
    differences: (id, wait) => actions.differences(id, wait),
    setNetwork: (id, mode, wait) => switchMode(services, id, mode, wait),
    networkModes: async () => KVM_NETWORK_MODES,
    networkPolicy: (id, wait) => networkPolicy(services, id, wait),
    allowHost: (id, host, scope, wait) => allowHost(services, id, host, scope, wait),
    revokeHost: (id, host, wait) => revokeHost(services, id, host, wait),
    presetHosts: (id, preset, wait) => hostsOfPreset(services, id, preset, wait),
    allowPreset: (id, preset, wait) => allowPreset(services, id, preset, wait),
    networkRows: (id, wait) => networkRows(services, id, wait),
    watchNetwork: (id, listener) => network.watch(id, listener),
    workspaceModes: async () => WORKSPACE_MODES,
    setWorkspaceMode: async (id, workspace, wait) =>
      chosen(await actions.setWorkspaceMode(id, workspace, wait)),
    setOnClose: async (id, onClose, wait) => chosen(await actions.setOnClose(id, onClose, wait)),
    setBulkheadSetting,
    effectiveSettings: (folder, wait = {}) =>
      settingsOptions(services, folder, wait).then((options) => effectiveSettings(folder, options)),
    asks: (folder, wait) => folderAsks(services, folder, wait),
    grant: (folder, digest, kinds, wait) =>
      withMachine(services, folder, grantAsks(services, folder, digest, kinds, wait), wait),
    revokeGrants: (folder, wait) => withMachine(services, folder, revokeGrants(services, folder, wait), wait),
    followFolder: (id, wait) => followFolder(services, id, wait),
    checkSettingsText,
    editorSettings: async (text, kind) => editorSettings(text, kind),
    remedyEdits: async (text, remedy) => remedyEdits(text, remedy),
    settingsTemplate: async () => settingsTemplate(),
    newSettingsFile,
    settingsDrift: (id, wait) => settingsDrift(services, id, wait),
    credentials: async (id) => services.credentials.of(id),
    setCredentials: async (id, change) => services.credentials.set(id, change),
    onDidChangeCredentials: (listener) => services.credentials.onDidChange(listener),
    usage: async (id, wait) => (await machine(id, wait)).usage(wait),
    watchResources: (id, listener) =>
      resources.watch(id, {
        onValue: (sample) => listener.onSample(sample),
        onEnd: (error) => listener.onEnd(error),
      }),
    watchHost: (id, listener) =>
      hosts.watch(id, {
        onValue: (sample) => listener.onSample(sample),
        onEnd: (error) => listener.onEnd(error),
      }),
    diskUse: (id, wait = {}) => diskUse(services, id, wait),
    ports: (id, wait = {}) => listPorts(services, ends, id, wait),
    watchPorts: (id, listener) =>
      ports.watch(id, { onValue: (list) => listener.onPorts(list), onEnd: (error) => listener.onEnd(error) }),
    forwardPort: (id, guestPort, wait) => forwards.forward(id, guestPort, wait),
    portsToForward: (id) => wantedPorts(services, id),
    surveyGuest: async (id, paths, wait) =>
      surveyGuest(await (await services.guest(id, wait)).files(wait), paths, wait),
    copyOut: async (id, plan, wait) => copyOut(await (await services.guest(id)).files(), plan, wait),
    copyIn: async (id, paths, wait) => copyIn(await services.guest(id), await surveyHost(paths, wait), wait),
    review: (id, wait) => gate.review(id, wait),
    keptReview: (id, token) => gate.keptReview(id, token),
    reviewSides: (token, path, wait) => gate.reviewSides(token, path, wait),
    reviewHunks: (token, path, wait) => gate.reviewHunks(token, path, wait),
    applyReview: (token, selections, wait) => gate.applyReview(token, selections, wait),
    undoApply: (applyId) => gate.undoApply(applyId),
    appliedChanges: (id) => gate.appliedChanges(id),
    fetchCommits: (id, wait) => gate.fetchCommits(id, wait),
    console: async (id, wait) => (await machine(id, wait)).console(wait),
    connect: async (id, wait) => (await machine(id, wait)).connect(wait),
    machineLog: (id, wait = {}) => readMachineLog(services.data.log(id), wait.tail ?? 500),
    sshConfig: async (id, wait) => {
      await machine(id, wait);
      return sshHost(services, id);
    },
    doctor: (wait = {}) => doctor(services, wait),
    prune: (wait = {}) => prune(services, wait),
    onDidChangeMachines: (listener) => watchMachines(services, listener),
    dispose: () => {
      for (const part of [forwards, network, ports, resources, hosts, ends, services]) {
        part.dispose();
      }
    },
  };
}
