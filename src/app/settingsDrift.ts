import type { WaitOptions } from '../machine/hypervisor';
import type { FolderAsks } from '../settings/asks';
import type { OnClose } from '../settings/workspaceSpec';
import { readFolder } from './folderSettings';
import { withChosenWorkspace } from './machineChoices';
import { readRecord } from './machineRecord';
import { type RestartSettings, restartSettings, settingsHash } from './machineSpec';
import type { Services } from './services';
import { wait } from './wait';

/** A setting that the machine was not made with. Text for people, not yet made printable. */
export interface SettingsChange {
  key: keyof RestartSettings;
  /** Undefined if it isn't known what the machine was made with. */
  before?: string;
  now: string;
}

/** What the settings of a machine's folder say now. */
export interface SettingsDrift {
  /** Host folder. */
  folder: string;
  /** True if the machine would be made differently now: that takes a restart. */
  outdated: boolean;
  /** What differs; empty if `outdated` is false. */
  changes: SettingsChange[];
  /** The image is another one: with it the machine begins with a fresh system, and only the workspace is kept. */
  newImage: boolean;
  /** Names this state of the settings: the same text, the same settings. */
  fingerprint: string;
  /** What counts at once. */
  live: { onClose: OnClose; forwardPorts: number[] };
  /** What the folder asks for beyond the safe defaults; what is granted of it is in the rest. */
  asks: FolderAsks;
}

/**
 * Compares a machine with what its folder's settings say now.
 * @throws SettingsError if they can't be used as they are
 */
export async function settingsDrift(
  services: Services,
  id: string,
  options: WaitOptions = {},
): Promise<SettingsDrift> {
  const info = await (await services.machine(id, options)).info(wait(options));
  const { spec, asks } = await readFolder(
    services,
    info.folder,
    await withChosenWorkspace(services, info.folder, wait(options)),
  );
  const fingerprint = settingsHash(spec);
  const outdated = !info.specHash.startsWith(`${fingerprint}-`);
  const record = outdated ? await readRecord(services.data.record(id), services.log) : undefined;
  const changes = outdated ? changesBetween(record?.settings ?? {}, restartSettings(spec)) : [];
  return {
    folder: info.folder,
    outdated,
    changes,
    newImage: changes.some(({ key }) => key === 'image'),
    fingerprint,
    live: { onClose: spec.onClose, forwardPorts: spec.forwardPorts },
    asks,
  };
}

function changesBetween(before: Partial<Record<string, string>>, now: RestartSettings): SettingsChange[] {
  const keys: (keyof RestartSettings)[] = [
    'image',
    'cpus',
    'memory',
    'disk',
    'accelerator',
    'remoteUser',
    'workspaceFolder',
    'workspace',
  ];
  return keys
    .filter((key) => before[key] !== undefined && before[key] !== now[key])
    .map((key) => ({ key, ...(before[key] !== undefined && { before: before[key] }), now: now[key] }));
}
