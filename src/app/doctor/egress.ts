import { isIP } from 'node:net';
import { BulkheadError } from '../../core/errors';
import { printable } from '../../core/log';
import type { Engine } from '../../image/engine';
import type { Kit } from '../../image/kit';
import type { WaitOptions } from '../../machine/hypervisor';
import { type OnceResult, runOnce } from '../../machine/kvm/containerExec';
import { type EgressPlace, ensureEgressNetwork } from '../../network/egressNetwork';
import { wallTrial } from '../../network/proxyContainer';
import type { DoctorFinding } from './doctorFinding';

/**
 * Whether machines' proxies have a network, and the kernel takes their wall there. Nothing outside is asked.
 * @throws BulkheadError if there is no such network, or a container can't be in it
 */
export async function egress(
  engine: Engine,
  kit: Pick<Kit, 'id'>,
  place: EgressPlace,
  options: WaitOptions,
): Promise<DoctorFinding[]> {
  const odd = place.dns?.find((address) => isIP(address) === 0);
  if (odd !== undefined) {
    // The Engine takes it, and no name is ever found.
    throw new BulkheadError(`BULKHEAD_EGRESS_DNS names ${printable(odd, 100)}, which is no address`, {
      kind: 'host',
      next: 'Give the addresses of name servers, separated by commas.',
    });
  }
  const name = await ensureEgressNetwork(engine, place);
  const what = `Trying the wall in the Docker network ${name}`;
  const trial = await runOnce(engine, wallTrial(kit.id, name), { what, ms: 30_000, ...options });
  const { Internal: internal } = await engine.docker.getNetwork(name).inspect();
  return [egressFinding({ name, internal }, trial)];
}

/** What guest/proxy/try-wall says. An older Engine gives an internal network a way that its packet filter shuts. */
export function egressFinding(
  { name, internal }: { name: string; internal: boolean },
  { exitCode, output }: OnceResult,
): DoctorFinding {
  const id = 'egress';
  if (exitCode !== 0) {
    return {
      id,
      status: 'missing',
      message: `Machines stay without a network: no wall can be built in the kernel of the Engine's host (${output || `exit code ${exitCode}`})`,
      fix: 'Its kernel needs policy routing (CONFIG_IP_MULTIPLE_TABLES), and containers there the right NET_ADMIN.',
      actions: [{ kind: 'recheck' }],
    };
  }
  return output === 'out' && !internal
    ? { id, status: 'ok', message: `Proxies are in the Docker network ${name}, and the wall stands there` }
    : {
        id,
        status: 'warning',
        message: `The wall stands in the Docker network ${name}, but it has no way out: only its own containers can be reached`,
        fix: 'Let BULKHEAD_EGRESS_NETWORK name a network that is not internal, or unset it.',
        actions: [{ kind: 'recheck' }],
      };
}
