import { BulkheadError, messageOf } from '../core/errors';
import { hostOf, liveRules } from '../network/networkRules';
import type { NetworkPolicy, NetworkRule } from '../network/networkService';
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
  return { mode, rules };
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
  const chosen = await chosenOf(services, id);
  const hosts = new Set([...rules.map(({ host }) => host), ...unrevoked]);
  const others = chosen.allow.filter(({ host }) => !hosts.has(host));
  await keep(services, id, {
    allow: [...others, ...rules],
    revoked: chosen.revoked.filter((host) => !hosts.has(host)),
  });
}

/** @throws BulkheadError of kind `usage` if no rule names the host */
export async function revokeChosenHost(services: Services, id: string, text: string): Promise<void> {
  const host = hostOf(text);
  const { rules } = await readPolicy(services, id, 'allowlist');
  if (!rules.some((rule) => rule.host === host)) {
    const wider = rules.find((rule) => rule.host.startsWith('*.') && host.endsWith(rule.host.slice(1)));
    throw new BulkheadError(`No rule of ${id} names ${host}`, {
      kind: 'usage',
      next: wider ? `Take back ${wider.host}, which lets it through.` : `See \`bulkhead net ${id}\`.`,
    });
  }
  const chosen = await chosenOf(services, id);
  const record = await readRecord(services.data.record(id), services.log);
  const fromSettings = record?.allow.some((rule) => rule.host === host) === true;
  await keep(services, id, {
    allow: chosen.allow.filter((rule) => rule.host !== host),
    revoked: fromSettings ? [...new Set([...chosen.revoked, host])] : chosen.revoked,
  });
}

async function chosenOf(services: Services, id: string): Promise<Chosen> {
  const { network } = await readChoices(services.data.choices(id), services.log);
  return network ?? { allow: [], revoked: [] };
}

async function keep(services: Services, id: string, chosen: Chosen): Promise<void> {
  const now = Date.now();
  const allow = chosen.allow.filter(({ until }) => until === undefined || until > now);
  await chooseNetwork(services.data.choices(id), { ...chosen, allow }, services.log);
}

function ruleOf({ host, from, until }: Chosen['allow'][number]): NetworkRule {
  return { host, from, ...(until !== undefined && { until }) };
}
