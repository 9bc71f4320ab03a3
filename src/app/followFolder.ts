import { messageOf } from '../core/errors';
import type { WaitOptions } from '../machine/hypervisor';
import type { FolderAsks } from '../settings/asks';
import { machineId } from '../settings/machineId';
import { readFolder } from './folderSettings';
import { change } from './machineNetwork';
import { type MachineRecord, readRecord, writeRecord } from './machineRecord';
import { rulesOfSettings } from './networkPolicy';
import { wait } from './openFolder';
import type { Services } from './services';

/**
 * Lets a machine have, from now on, what its folder's settings say and the user agreed to, as far as that needs no restart: hosts,
 * ports, credentials. What was named on the command line of its last `up` stays.
 */
export async function followFolder(services: Services, id: string, options: WaitOptions = {}): Promise<void> {
  const file = services.data.record(id);
  const record = await readRecord(file, services.log);
  if (!record) {
    return;
  }
  const machine = await services.machine(id, wait(options));
  const { folder } = await machine.info(wait(options));
  const { spec } = await readFolder(services, folder, wait(options));
  const presets: readonly string[] = spec.network.presets;
  const kept = record.allow.filter(({ from }) => from === 'command line' || presets.includes(from));
  const rules = rulesOfSettings(spec, (sentence) => services.log.info(`${id}: ${sentence}`));
  const now: MachineRecord = {
    ...record,
    allow: [...kept, ...rules.filter(({ host }) => !kept.some((rule) => rule.host === host))],
    forwardPorts: record.portsOfCommand ? record.forwardPorts : spec.forwardPorts,
    credentials: { folder: spec.folder, agent: spec.ssh.forwardAgent, ...spec.credentials },
  };
  if (JSON.stringify(parts(now)) !== JSON.stringify(parts(record))) {
    await change(services, machine, options, () => writeRecord(file, now));
  }
}

function parts({ allow, forwardPorts, credentials }: MachineRecord): unknown {
  const rules = allow.map(({ host, from }) => `${host} ${from}`).toSorted();
  return [rules, forwardPorts, credentials?.agent, credentials?.git, credentials?.env];
}

/** After an answer: what was granted counts at once, and what was taken back no longer does. */
export async function withMachine(
  services: Services,
  answer: Promise<FolderAsks>,
  options: WaitOptions = {},
): Promise<FolderAsks> {
  const asks = await answer;
  const id = machineId(asks.folder);
  try {
    await followFolder(services, id, options);
  } catch (error) {
    // The answer is kept all the same: there may be no machine yet, or no Engine.
    services.log.info(`${id} is as it was: ${messageOf(error)}`);
  }
  return asks;
}
