import { messageOf, throwIfCancelled } from '../core/errors';
import { listed } from '../core/listed';
import type { WaitOptions } from '../machine/hypervisor';
import { hostOf } from '../network/networkRules';
import type {
  ChoosePresetHosts,
  NetworkPreset,
  NetworkRule,
  PresetQuestion,
} from '../network/networkService';
import { isOfTheWeb, presetHosts } from '../network/presets';
import { readFolder } from './folderSettings';
import { change } from './machineNetwork';
import { readRecord, updateRecord } from './machineRecord';
import { chooseHosts, readPolicy } from './networkPolicy';
import type { Opening } from './opening';
import type { Services } from './services';
import { wait } from './wait';

/** Somebody may be away from the desk while a machine is made. */
const QUESTION_MS = 300_000;
/** Hosts that a sentence names. */
const SHOWN = 50;

/** What a tool in the guest says that it fetches from. */
export async function hostsOfPreset(
  services: Services,
  id: string,
  preset: NetworkPreset,
  options: WaitOptions = {},
): Promise<string[]> {
  return presetHosts(await services.guest(id, wait(options)), preset, wait(options));
}

/** Makes a tool's hosts rules of the machine; `hosts` are those that were shown before, on whatever port. */
export async function allowPreset(
  services: Services,
  id: string,
  preset: NetworkPreset,
  options: WaitOptions & { hosts?: readonly string[] } = {},
): Promise<NetworkRule[]> {
  const hosts =
    options.hosts?.map(hostOf) ?? (await hostsOfPreset(services, id, preset, options)).filter(isOfTheWeb);
  const rules = hosts.map((host) => ({ host, from: preset }));
  const machine = await services.machine(id, wait(options));
  await change(services, machine, options, () => chooseHosts(services, id, rules));
  return rules;
}

/**
 * Asks the tools of the presets that the settings name and the user granted for their hosts, once each time that the machine is made
 * (`anew`), before its lifecycle commands fetch anything. What a tool says is the guest's word, and the folder's files can steer it: the
 * hosts count only once the user has seen them.
 */
export async function offerGrantedPresets(
  services: Services,
  id: string,
  opening: Opening,
  { anew }: { anew: boolean },
): Promise<void> {
  const { spec, options, warnings, log } = opening;
  for (const preset of spec.network.presets) {
    try {
      const isNew = await nameHosts(services, id, preset, { ...wait(options), anew });
      const open = await openHosts(services, id, preset);
      if (isNew && open.length > 0 && services.choosePresetHosts) {
        const picked = await asked(
          services.choosePresetHosts,
          { machineId: id, preset, hosts: open },
          options,
        );
        await agree(
          services,
          id,
          preset,
          picked.filter((host) => open.includes(host)),
          options,
        );
        log.info(`The preset ${preset} allows ${picked.join(', ') || 'nothing'}, as the user chose`);
      }
      const left = await openHosts(services, id, preset);
      if (left.length > 0) {
        opening.withheld.push(namedText(id, preset, left));
        warnings.push(namedText(id, preset, left));
      }
    } catch (error) {
      throwIfCancelled(error);
      warnings.push(`The preset ${preset} allows nothing: ${messageOf(error)}.`);
    }
  }
}

/** Says which hosts have no effect yet, and how they get one. They have been checked: names and ports. */
function namedText(id: string, preset: NetworkPreset, hosts: readonly string[]): string {
  const web = hosts.some(isOfTheWeb)
    ? `\`bulkhead net ${id} --preset ${preset}\` (ports 80 and 443 only) or `
    : '';
  return `${preset} in the machine names ${listed(hosts, SHOWN)}: its own word, which counts only once you allow it: ${web}\`bulkhead net ${id} --allow <host>\`.`;
}

/** True if the tool names a host that it had not named before. */
async function nameHosts(
  services: Services,
  id: string,
  preset: NetworkPreset,
  options: WaitOptions & { anew: boolean },
): Promise<boolean> {
  const record = await readRecord(services.data.record(id), services.log);
  const before = record?.presetHosts?.find((named) => named.preset === preset);
  if (!record || (before && !options.anew)) {
    return false;
  }
  const hosts = await hostsOfPreset(services, id, preset, wait(options));
  await updateRecord(
    services,
    id,
    (now) => {
      const others = now?.presetHosts?.filter((named) => named.preset !== preset) ?? [];
      return now && { ...now, presetHosts: [...others, { preset, hosts }] };
    },
    wait(options),
  );
  return hosts.some((host) => !before?.hosts.includes(host));
}

/** What a tool named and no rule lets through yet. */
async function openHosts(services: Services, id: string, preset: NetworkPreset): Promise<string[]> {
  const { named } = await readPolicy(services, id, 'allowlist');
  return named?.find((each) => each.preset === preset)?.hosts ?? [];
}

/** No answer within the time is none of them. */
async function asked(
  choose: ChoosePresetHosts,
  question: PresetQuestion,
  { signal }: WaitOptions,
): Promise<readonly string[]> {
  const late = AbortSignal.timeout(QUESTION_MS);
  const over = signal ? AbortSignal.any([signal, late]) : late;
  return choose(question, over);
}

async function agree(
  services: Services,
  id: string,
  preset: NetworkPreset,
  hosts: readonly string[],
  options: WaitOptions,
): Promise<void> {
  const machine = await services.machine(id, wait(options));
  const { folder } = await machine.info(wait(options));
  await change(services, machine, options, async () => {
    await updateRecord(services, id, async (now) => {
      // The question may have stood there for minutes: the preset must still be granted.
      const { spec } = await readFolder(services, folder, wait(options));
      return now && spec.network.presets.includes(preset)
        ? { ...now, allow: [...now.allow, ...hosts.map((host) => ({ host, from: preset }))] }
        : undefined;
    });
  });
}
