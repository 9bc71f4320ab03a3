import { BulkheadError, messageOf } from '../core/errors';
import { hostOf, liveRules, parseHostPattern } from '../network/networkRules';
import type { NetworkPolicy, NetworkRule } from '../network/networkService';
import { letsThrough } from '../settings/hostRule';
import type { NetworkMode, WorkspaceSpec } from '../settings/workspaceSpec';
import { chooseNetwork, type MachineChoices, readChoices } from './machineChoices';
import { type MachineRecord, readRecord } from './machineRecord';
import type { Services } from './services';

type Chosen = NonNullable<MachineChoices['network']>;

/** The rules that hold for a machine now: of settings and command line at its last `up`, and of the user since. */
export async function readPolicy(services: Services, id: string, mode: NetworkMode): Promise<NetworkPolicy> {
  const [record, chosen] = await Promise.all([
    readRecord(services.data.record(id), services.log),
    chosenOf(services, id),
  ]);
  const all: NetworkRule[] = [...(record?.allow ?? []), ...chosen.allow.map(ruleOf)];
  const seen = new Set(chosen.revoked);
  const rules = liveRules(all).filter(({ host }) => !seen.has(host) && seen.add(host));
  const named = (record?.presetHosts ?? [])
    .map(({ preset, hosts }) => ({ preset, hosts: hosts.filter((host) => !seen.has(host)) }))
    .filter(({ hosts }) => hosts.length > 0);
  return { mode, rules, ...(named.length > 0 && { named }) };
}

/** Of a record: the hosts of presets that the user was shown and agreed to, as long as the presets are granted. */
export function agreedHosts(
  { allow, presetHosts }: Pick<MachineRecord, 'allow' | 'presetHosts'>,
  presets: readonly string[],
): MachineRecord['allow'] {
  // An older version let them count unseen; it did not keep what a tool had named.
  return allow.filter(
    ({ from }) => presets.includes(from) && presetHosts?.some(({ preset }) => preset === from),
  );
}

/** Of a record: what the tools of presets that are still granted named. */
export function namedHosts(
  { presetHosts = [] }: Pick<MachineRecord, 'presetHosts'>,
  presets: readonly string[],
): NonNullable<MachineRecord['presetHosts']> {
  return presetHosts.filter(({ preset }) => presets.includes(preset));
}

/** What settings and command line allow, each host with who says so. `warn` hears of those that are never reached. */
export function rulesOfSettings(
  { network }: Pick<WorkspaceSpec, 'network'>,
  warn: (sentence: string) => void,
): MachineRecord['allow'] {
  return network.allow.flatMap((text) => {
    try {
      return { host: hostOf(text), from: network.allowedBy[text] ?? 'workspace' };
    } catch (error) {
      warn(`${messageOf(error)}; it is left out.`);
      return [];
    }
  });
}

/** Allows hosts for this machine. `unrevoked`: more hosts that no longer count as taken back. */
export async function chooseHosts(
  services: Services,
  id: string,
  rules: Chosen['allow'],
  unrevoked: string[] = [],
): Promise<void> {
  const hosts = new Set([...rules.map(({ host }) => host), ...unrevoked]);
  await keep(services, id, (chosen) => ({
    allow: [...chosen.allow.filter(({ host }) => !hosts.has(host)), ...rules],
    revoked: chosen.revoked.filter((host) => !hosts.has(host)),
  }));
}

/** @throws BulkheadError of kind `usage` if no rule names the host */
export async function revokeChosenHost(services: Services, id: string, text: string): Promise<void> {
  const host = hostOf(text);
  const { rules } = await readPolicy(services, id, 'allowlist');
  if (!rules.some((rule) => rule.host === host)) {
    const { name, port } = parseHostPattern(text);
    const wider = rules.find((rule) => letsThrough(rule.host, name, port ?? 443));
    throw new BulkheadError(`No rule of ${id} names ${host}`, {
      kind: 'usage',
      next: wider ? `Take back ${wider.host}, which lets it through.` : `See \`bulkhead net ${id}\`.`,
    });
  }
  const record = await readRecord(services.data.record(id), services.log);
  const isOfRecord =
    record?.allow.some((rule) => rule.host === host) === true ||
    record?.presetHosts?.some(({ hosts }) => hosts.includes(host)) === true;
  await keep(services, id, (chosen) => ({
    allow: chosen.allow.filter((rule) => rule.host !== host),
    revoked: isOfRecord ? [...new Set([...chosen.revoked, host])] : chosen.revoked,
  }));
}

async function chosenOf(services: Services, id: string): Promise<Chosen> {
  const { network } = await readChoices(services.data.choices(id), services.log);
  return network ?? { allow: [], revoked: [] };
}

async function keep(services: Services, id: string, change: (chosen: Chosen) => Chosen): Promise<void> {
  const now = Date.now();
  const live = (chosen: Chosen) => ({
    ...chosen,
    allow: chosen.allow.filter(({ until }) => until === undefined || until > now),
  });
  await chooseNetwork(services.data.choices(id), (chosen) => live(change(chosen)), services.log);
}

function ruleOf({ host, from, until }: Chosen['allow'][number]): NetworkRule {
  return { host, from, ...(until !== undefined && { until }) };
}
