import { readFile, realpath, rm } from 'node:fs/promises';
import { z } from 'zod';
import { codeOf, messageOf } from '../core/errors';
import { writeFileAtomic } from '../core/files';
import type { Log } from '../core/log';
import type { MachineInfo } from '../machine/hypervisor';
import { RULES_MAX } from '../network/networkRules';
import { NETWORK_PRESETS } from '../network/networkService';
import { machineId } from '../settings/machineId';
import type { ChosenWorkspace, NetworkMode, OnClose } from '../settings/workspaceSpec';
import type { FolderOptions } from './folderSettings';
import { withMachineLock } from './machineLock';
import type { Services } from './services';

/** Names of what is lent, never a value. */
const credentialsSchema = z.object({
  agent: z.boolean(),
  git: z.array(z.string().max(300)).max(100),
  env: z.array(z.string().max(200)).max(200),
});

const ruleSchema = z.object({
  host: z.string().max(300),
  from: z.enum(['machine', 'once', ...NETWORK_PRESETS]),
  until: z.number().optional(),
});

/** A network mode that the user switched to by name, and how often he has: whoever began before `turn` was reached is outdated. */
const switchSchema = z.object({ mode: z.enum(['none', 'allowlist', 'full']), turn: z.number().int().min(1) });

/** Loose: what a later version has put in stays in. */
const choicesSchema = z.looseObject({
  onClose: z.enum(['suspend', 'stop', 'keep']).optional(),
  credentials: credentialsSchema.optional(),
  workspace: z.object({ mode: z.enum(['copy', 'mount']), readOnly: z.boolean() }).optional(),
  /** Hosts that were allowed for this machine, and those that were taken back whoever else allows them. */
  network: z
    .object({
      allow: z.array(ruleSchema).max(RULES_MAX).default([]),
      revoked: z.array(z.string().max(300)).max(RULES_MAX).default([]),
    })
    .optional(),
  networkSwitch: switchSchema.optional(),
});

/** What the user has chosen for one machine on this host, over what its folder's settings say. */
export type MachineChoices = z.output<typeof choicesSchema>;

/** The choices; none if there is no file or it is damaged. */
export async function readChoices(file: string, log: Log): Promise<MachineChoices> {
  try {
    return choicesSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') {
      log.warn(`The choices in ${file} can't be read and are left out: ${messageOf(error)}`);
    }
    return {};
  }
}

/** Keeps the choice; `undefined` takes it back. */
export function chooseOnClose(file: string, onClose: OnClose | undefined, log: Log): Promise<void> {
  return choose(file, 'onClose', () => onClose, log);
}

/** What is lent to the machine, whatever its folder's settings were granted; by what was chosen before. */
export function chooseCredentials(file: string, change: Change<'credentials'>, log: Log): Promise<void> {
  return choose(file, 'credentials', change, log);
}

/** How the workspace gets into the machine, from its next start on. */
export function chooseWorkspace(file: string, workspace: ChosenWorkspace, log: Log): Promise<void> {
  return choose(file, 'workspace', () => workspace, log);
}

/** What was allowed and taken back for the machine. */
export function chooseNetwork(
  file: string,
  change: (before: ChosenNetwork) => ChosenNetwork,
  log: Log,
): Promise<void> {
  const changed: Change<'network'> = (before) => {
    const network = change(before ?? { allow: [], revoked: [] });
    return network.allow.length + network.revoked.length > 0 ? network : undefined;
  };
  return choose(file, 'network', changed, log);
}

/** That the user switches the machine's network by name: a start that is on its way obeys it too. Under the network's lock. */
export function chooseNetworkMode(file: string, mode: NetworkMode, log: Log): Promise<void> {
  return choose(file, 'networkSwitch', (before) => ({ mode, turn: (before?.turn ?? 0) + 1 }), log);
}

/** A mode as it was decided, and by which turn of the user's own switches. */
export interface DecidedMode {
  mode: NetworkMode;
  turn: number;
}

/** The mode that the user has switched to since a decision of that turn; undefined if he has not. */
export async function switchedSince(file: string, turn: number, log: Log): Promise<NetworkMode | undefined> {
  const { networkSwitch } = await readChoices(file, log);
  return networkSwitch && networkSwitch.turn > turn ? networkSwitch.mode : undefined;
}

export type ChosenNetwork = NonNullable<MachineChoices['network']>;
type Choice = 'onClose' | 'credentials' | 'workspace' | 'network' | 'networkSwitch';
type Change<Name extends Choice> = (
  before: MachineChoices[Name],
) => MachineChoices[Name] | Promise<MachineChoices[Name]>;

/** Reads and writes while nobody else does: windows and terminals choose side by side. */
async function choose<Name extends Choice>(
  file: string,
  name: Name,
  change: Change<Name>,
  log: Log,
): Promise<void> {
  await withMachineLock(file, {}, async () => {
    const { [name]: before, ...others } = await readChoices(file, log);
    const value = await change(before);
    const choices: MachineChoices = { ...others, ...(value !== undefined && { [name]: value }) };
    if (Object.keys(choices).length === 0) {
      await removeChoices(file);
    } else {
      await writeFileAtomic(file, `${JSON.stringify(choices, undefined, 2)}\n`);
    }
  });
}

/**
 * Options for reading a folder's settings, with what the user chose for its machine (now, or before) as if he said so on the
 * command line: that is stronger than any file, and needs no grant.
 */
export async function withChosenWorkspace<T extends FolderOptions & { workspace?: ChosenWorkspace }>(
  services: Pick<Services, 'data' | 'log'>,
  folder: string,
  options: T,
): Promise<T> {
  // A folder that is not there is told of by whoever reads its settings.
  const real = await realpath(folder).catch(() => undefined);
  const file = real === undefined ? undefined : services.data.choices(machineId(real));
  const chosen = options.workspace ?? (file && (await readChoices(file, services.log)).workspace);
  if (!chosen) {
    return options;
  }
  const { mode, readOnly } = chosen;
  const asked = options.overrides?.['workspace'];
  const workspace = {
    mode,
    ...(mode === 'mount' && { readOnly }),
    ...(typeof asked === 'object' && asked),
  };
  return { ...options, overrides: { ...options.overrides, workspace } };
}

export async function removeChoices(file: string): Promise<void> {
  await rm(file, { force: true });
}

/** The machine with the user's choices put over what its labels say. */
export async function withChoices(info: MachineInfo, file: string, log: Log): Promise<MachineInfo> {
  const { onClose } = await readChoices(file, log);
  return onClose ? { ...info, onClose, onCloseChosen: true } : info;
}
