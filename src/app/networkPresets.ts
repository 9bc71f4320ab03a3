import { messageOf, throwIfCancelled } from '../core/errors';
import type { WaitOptions } from '../machine/hypervisor';
import { hostOf } from '../network/networkRules';
import type { NetworkPreset, NetworkRule } from '../network/networkService';
import { presetHosts } from '../network/presets';
import { change } from './machineNetwork';
import { readRecord, writeRecord } from './machineRecord';
import { chooseHosts } from './networkPolicy';
import { type Opening, wait } from './openFolder';
import type { Services } from './services';

/** What a tool in the guest says that it fetches from. */
export async function hostsOfPreset(
  services: Services,
  id: string,
  preset: NetworkPreset,
  options: WaitOptions = {},
): Promise<string[]> {
  return presetHosts(await services.guest(id, wait(options)), preset, wait(options));
}

/** Makes a tool's hosts rules of the machine; `hosts` are those that were shown before. */
export async function allowPreset(
  services: Services,
  id: string,
  preset: NetworkPreset,
  options: WaitOptions & { hosts?: readonly string[] } = {},
): Promise<NetworkRule[]> {
  const hosts = options.hosts?.map(hostOf) ?? (await hostsOfPreset(services, id, preset, options));
  const rules = hosts.map((host) => ({ host, from: preset }));
  const machine = await services.machine(id, wait(options));
  await change(services, machine, options, () => chooseHosts(services, id, rules));
  return rules;
}

/**
 * The presets that the settings name and the user granted, read once a machine, before its lifecycle commands fetch anything.
 * Which hosts they turned out to be is said.
 */
export async function allowGrantedPresets(services: Services, id: string, opening: Opening): Promise<void> {
  const { spec, options, warnings, log } = opening;
  const file = services.data.record(id);
  for (const preset of spec.network.presets) {
    const record = await readRecord(file, services.log);
    if (!record || record.allow.some(({ from }) => from === preset)) {
      continue;
    }
    try {
      const hosts = await hostsOfPreset(services, id, preset, wait(options));
      const machine = await services.machine(id, wait(options));
      await change(services, machine, options, () =>
        writeRecord(file, {
          ...record,
          allow: [...record.allow, ...hosts.map((host) => ({ host, from: preset }))],
        }),
      );
      log.info(`The preset ${preset} allows ${hosts.join(', ')}`);
      options.onProgress?.({ phase: 'hooks', message: `${preset} may reach ${hosts.join(', ')}` });
    } catch (error) {
      throwIfCancelled(error);
      warnings.push(`The preset ${preset} allows nothing: ${messageOf(error)}.`);
    }
  }
}
