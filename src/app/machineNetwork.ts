import { messageOf, throwIfCancelled } from '../core/errors';
import type { Machine, WaitOptions } from '../machine/hypervisor';
import { egressPlace } from '../network/egressNetwork';
import { EgressProxy } from '../network/egressProxy';
import { hostOf } from '../network/networkRules';
import type { AllowScope, NetworkPolicy } from '../network/networkService';
import type { NetworkMode } from '../settings/workspaceSpec';
import { chooseNetworkMode, type DecidedMode, readChoices, switchedSince } from './machineChoices';
import { withMachineLock } from './machineLock';
import { type MachineRecord, updateRecord } from './machineRecord';
import { chooseHosts, readPolicy, revokeChosenHost } from './networkPolicy';
import type { Services } from './services';
import { wait } from './wait';
import type { Woken } from './wake';
import { allowInWorkspace } from './workspaceHosts';

/** How long `once` holds. */
const ONCE_MS = 600_000;

export async function proxyOf(services: Services, id: string, options: WaitOptions): Promise<EgressProxy> {
  const { engine } = await services.connect(wait(options));
  return new EgressProxy(id, engine, egressPlace(process.env));
}

/**
 * Brings a machine's proxy up, beside the machine's own start. What fails leaves the machine without a network, not without
 * itself: the sentence says so. What the user has switched to since the mode was decided goes before it.
 * @param fresh the VMM starts too: a proxy of the one before may be about to end
 */
export async function startEgress(
  services: Services,
  id: string,
  decided: DecidedMode,
  options: WaitOptions & { fresh: boolean },
): Promise<string | undefined> {
  let { mode } = decided;
  try {
    await withNetworkLock(services, id, options, async () => {
      mode = await modeNow(services, id, decided);
      const proxy = await proxyOf(services, id, options);
      if (options.fresh) {
        await proxy.stop();
      }
      await proxy.apply(await readPolicy(services, id, mode), { ...wait(options), machineRuns: true });
    });
    return undefined;
  } catch (error) {
    throwIfCancelled(error);
    services.log.error(`${id}: ${messageOf(error)}`);
    return `The machine has no network: ${messageOf(error)}. \`bulkhead net ${id} ${mode}\` tries again.`;
  }
}

/** What a machine that has just been started, or was found running, needs of its proxy. */
export async function wakeEgress(
  services: Services,
  id: string,
  decided: DecidedMode,
  woken: Pick<Woken, 'started'>,
  options: WaitOptions,
): Promise<string | undefined> {
  return (await modeNow(services, id, decided)) === 'none'
    ? undefined
    : startEgress(services, id, decided, { ...wait(options), fresh: woken.started });
}

/** The mode that a machine is in, with the turn that it belongs to. */
export async function modeOf(
  services: Services,
  machine: Machine,
  options: WaitOptions,
): Promise<DecidedMode> {
  const turn = await networkTurn(services, machine.id, options);
  return { mode: (await machine.info(wait(options))).networkMode, turn };
}

/**
 * Which of the user's switches was the last, with none under way. A decision about the mode begins with it; what he switches to
 * later goes before it.
 */
export function networkTurn(services: Services, id: string, options: WaitOptions): Promise<number> {
  return withNetworkLock(services, id, options, async () => {
    const { networkSwitch } = await readChoices(services.data.choices(id), services.log);
    return networkSwitch?.turn ?? 0;
  });
}

async function modeNow(services: Services, id: string, { mode, turn }: DecidedMode): Promise<NetworkMode> {
  return (await switchedSince(services.data.choices(id), turn, services.log)) ?? mode;
}

/** Ends the proxy with its machine; it would end by itself some seconds later. */
export async function stopEgress(services: Services, id: string): Promise<void> {
  await (await proxyOf(services, id, {})).stop();
}

/** Switches a machine, running or not, because the user said so: it stays until he says otherwise. */
export async function switchMode(
  services: Services,
  id: string,
  mode: NetworkMode,
  options: WaitOptions = {},
): Promise<void> {
  const machine = await services.machine(id, wait(options));
  const chosen = (record: MachineRecord | undefined) =>
    record && { ...record, network: { chosenBy: 'user' as const } };
  await withNetworkLock(services, id, options, async () => {
    await chooseNetworkMode(services.data.choices(id), mode, services.log);
    await updateRecord(services, id, chosen, wait(options));
    await applyMode(services, machine, mode, options);
  });
}

/** Whoever chose the mode. */
export async function switchModeOf(
  services: Services,
  machine: Machine,
  mode: NetworkMode,
  options: WaitOptions = {},
): Promise<void> {
  await withNetworkLock(services, machine.id, options, () => applyMode(services, machine, mode, options));
}

async function applyMode(
  services: Services,
  machine: Machine,
  mode: NetworkMode,
  options: WaitOptions,
): Promise<void> {
  const { state } = await machine.info(wait(options));
  const proxy = await proxyOf(services, machine.id, options);
  const policy = await readPolicy(services, machine.id, mode);
  const change = { ...wait(options), machineRuns: state === 'running' };
  await Promise.all([machine.setNetwork(mode, wait(options)), proxy.apply(policy, change)]);
}

export async function networkPolicy(
  services: Services,
  id: string,
  options: WaitOptions = {},
): Promise<NetworkPolicy> {
  const machine = await services.machine(id, wait(options));
  return readPolicy(services, id, (await machine.info(wait(options))).networkMode);
}

export async function allowHost(
  services: Services,
  id: string,
  text: string,
  scope: AllowScope,
  options: WaitOptions = {},
): Promise<NetworkPolicy> {
  const host = hostOf(text);
  const machine = await services.machine(id, wait(options));
  return change(services, machine, options, async () => {
    if (scope === 'workspace') {
      await allowInWorkspace(services, id, (await machine.info(wait(options))).folder, host, options);
    } else {
      const until = scope === 'once' ? { until: Date.now() + ONCE_MS } : {};
      await chooseHosts(services, id, [{ host, from: scope, ...until }]);
    }
  });
}

export async function revokeHost(
  services: Services,
  id: string,
  host: string,
  options: WaitOptions = {},
): Promise<NetworkPolicy> {
  const machine = await services.machine(id, wait(options));
  return change(services, machine, options, () => revokeChosenHost(services, id, host));
}

/** Changes the kept rules, then those of the proxy; one that has ended, though its machine runs, is started again. */
export async function change(
  services: Services,
  machine: Machine,
  options: WaitOptions,
  keep: () => Promise<void>,
): Promise<NetworkPolicy> {
  const { id } = machine;
  return withNetworkLock(services, id, options, async () => {
    await keep();
    const { state, networkMode } = await machine.info(wait(options));
    const policy = await readPolicy(services, id, networkMode);
    await applyRules(services, policy, { id, machineRuns: state === 'running', ...wait(options) });
    return policy;
  });
}

async function applyRules(
  services: Services,
  policy: NetworkPolicy,
  options: WaitOptions & { id: string; machineRuns: boolean },
): Promise<void> {
  const proxy = await proxyOf(services, options.id, options);
  const dead = options.machineRuns && policy.mode !== 'none' && !(await proxy.runs());
  if (dead) {
    await proxy.apply(policy, { ...wait(options), machineRuns: true });
  } else {
    await proxy.changeRules(policy, wait(options));
  }
}

/** While no other process changes the machine's proxy. */
export function withNetworkLock<T>(
  services: Services,
  id: string,
  options: WaitOptions,
  work: () => Promise<T>,
): Promise<T> {
  return withMachineLock(services.data.networkLock(id), wait(options), work);
}
