import { BulkheadError } from '../core/errors';
import type { NetworkPreset } from '../network/networkService';
import { isOfTheWeb } from '../network/presets';
import type { Session } from './session';

const ANSWER_MS = 300_000;

/**
 * `net --preset`: says which hosts the tool in the machine names, and allows those on the web's ports; in a terminal only after a
 * yes. A script sees what it allowed, as the guest could have named anything.
 */
export async function allowPresetHosts(
  { app, signal, status, turn }: Pick<Session, 'app' | 'signal' | 'status' | 'turn'>,
  id: string,
  preset: NetworkPreset,
  options: { yes: boolean },
): Promise<void> {
  const named = await app.presetHosts(id, preset, { signal });
  const hosts = named.filter(isOfTheWeb);
  const others = named.filter((host) => !isOfTheWeb(host));
  if (others.length > 0) {
    status.log.warn(
      `${preset} names a port of its own too, which would let any protocol through; left out: ${others.join(', ')}. Allow it by name: \`bulkhead net ${id} --allow ${others[0]}\`.`,
    );
  }
  if (hosts.length === 0) {
    throw new BulkheadError(`${preset} in ${id} names no host on port 80 or 443`, {
      kind: 'usage',
      next: 'Allow hosts by name: `bulkhead net <id> --allow <host>`.',
    });
  }
  if (!options.yes && turn.canAsk) {
    const question = [
      `bulkhead: ${preset} in the machine ${id} fetches from these hosts (its own word):`,
      ...hosts.map((host) => `  ${host}`),
      'Type "yes" and Enter to let the machine reach them: ',
    ].join('\n');
    const over = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    if ((await turn.ask(question, over)) !== 'yes') {
      throw new BulkheadError(`Nothing was allowed: the hosts of ${preset} were not agreed to`, {
        next: 'Allow hosts by name: `bulkhead net <id> --allow <host>`.',
      });
    }
  }
  const rules = await app.allowPreset(id, preset, { signal, hosts });
  status.log.info(`${preset}: ${rules.map(({ host }) => host).join(', ')}`);
}
