import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf, throwIfCancelled } from '../core/errors';
import type { WaitOptions } from '../machine/hypervisor';
import type { FolderAsks } from '../settings/asks';
import { machineId } from '../settings/machineId';
import type { NetworkMode, WorkspaceSpec } from '../settings/workspaceSpec';
import { type ChosenMode, chosenMode } from './chosenMode';
import { readFolder } from './folderSettings';
import { change, switchModeOf } from './machineNetwork';
import { type MachineRecord, updateRecord } from './machineRecord';
import { agreedHosts, namedHosts, rulesOfSettings } from './networkPolicy';
import type { Services } from './services';
import { wait } from './wait';

/**
 * Lets a machine have, from now on, what its folder's settings say and the user agreed to, as far as that needs no restart: hosts,
 * ports, credentials, and the network mode as far as it is one that was granted. What was named on the command line of its last
 * `up` stays, as does a mode that the user switched to. Settings that can't be read grant nothing.
 */
export async function followFolder(services: Services, id: string, options: WaitOptions = {}): Promise<void> {
  const machine = await services.machine(id, wait(options));
  const { folder, networkMode } = await machine.info(wait(options));
  let failure: unknown;
  let mode = networkMode;
  let before: MachineRecord | undefined;
  const follow = async (record: MachineRecord | undefined): Promise<MachineRecord | undefined> => {
    before = record;
    const spec = await readFolder(services, folder, wait(options)).then(
      (read) => read.spec,
      (error: unknown) => {
        throwIfCancelled(error);
        failure = error;
        return undefined;
      },
    );
    if (!record) {
      return undefined;
    }
    const chosen = chosenNow(spec, networkMode, record);
    mode = chosen.mode;
    const warn = (sentence: string) => services.log.info(`${id}: ${sentence}`);
    return { ...(spec ? followed(record, spec, warn) : withoutFolder(record)), network: chosen.network };
  };
  const now = await updateRecord(services, id, follow, wait(options));
  if (mode !== networkMode) {
    await switchModeOf(services, machine, mode, wait(options));
    services.log.info(`${id}: the network is ${mode} now, as its folder's settings and your answer say`);
  } else if (now && JSON.stringify(rules(now)) !== JSON.stringify(before && rules(before))) {
    await change(services, machine, options, async () => undefined);
  }
  if (failure !== undefined) {
    throw failure;
  }
}

function chosenNow(
  spec: WorkspaceSpec | undefined,
  mode: NetworkMode,
  { network }: MachineRecord,
): ChosenMode {
  const least = network?.chosenBy === 'settings' ? network.withoutGrant : 'allowlist';
  const unread = { mode: least, modeBy: 'settings', modeWithoutGrant: least } as const;
  return chosenMode(spec?.network ?? unread, mode, network);
}

function followed(
  record: MachineRecord,
  spec: WorkspaceSpec,
  warn: (sentence: string) => void,
): MachineRecord {
  const kept = [
    ...record.allow.filter(({ from }) => from === 'command line'),
    ...agreedHosts(record, spec.network.presets),
  ];
  const named = rulesOfSettings(spec, warn);
  return {
    ...record,
    presetHosts: namedHosts(record, spec.network.presets),
    allow: [...kept, ...named.filter(({ host }) => !kept.some((rule) => rule.host === host))],
    forwardPorts: record.portsOfCommand ? record.forwardPorts : spec.forwardPorts,
    credentials: { folder: spec.folder, agent: spec.ssh.forwardAgent, ...spec.credentials },
  };
}

/** What is left of a record if its folder is granted nothing. */
function withoutFolder(record: MachineRecord): MachineRecord {
  const { credentials: _none, presetHosts: _unasked, ...rest } = record;
  return {
    ...rest,
    allow: record.allow.filter(({ from }) => from === 'command line' || from === 'user'),
    forwardPorts: record.portsOfCommand ? record.forwardPorts : [],
  };
}

function rules({ allow }: MachineRecord): string[] {
  return allow.map(({ host, from }) => `${host} ${from}`).toSorted();
}

/** After an answer: what was granted counts at once, and what was taken back no longer does. */
export async function withMachine(
  services: Services,
  folder: string,
  answer: Promise<FolderAsks>,
  options: WaitOptions = {},
): Promise<FolderAsks> {
  try {
    return await answer;
  } finally {
    // Also if the folder's files can't be read any more: then nothing that was granted is left to count.
    const id = machineId(await realpath(folder).catch(() => resolve(folder)));
    await followFolder(services, id, options).catch((error: unknown) =>
      // The answer is kept all the same: there may be no machine yet, or no Engine.
      services.log.info(`${id} is as it was: ${messageOf(error)}`),
    );
  }
}
