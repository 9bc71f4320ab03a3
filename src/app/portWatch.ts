import { withDeadline } from '../core/deadline';
import { BulkheadError } from '../core/errors';
import type { ListeningPort } from '../guest/guestWatch';
import type { WaitOptions } from '../machine/hypervisor';
import { assertRunning } from './machineEnds';
import { wait } from './openFolder';
import { persistently } from './persistently';
import type { Services } from './services';
import type { WatchSource } from './sharedWatches';

const PORTS_MS = 60_000;

/** The guest's listeners, at once and at each change. A guest that does not answer is asked again as long as the machine runs. */
export function portSource(services: Services): WatchSource<ListeningPort[]> {
  return (id, tell, signal) =>
    persistently({ what: `The ports of ${id}`, log: services.log, signal }, async function* () {
      for await (const ports of (await services.guest(id, { signal })).listeningPorts({ signal })) {
        tell(ports);
        yield;
      }
    });
}

/** The list as it is now. */
export async function listPorts(
  services: Services,
  id: string,
  options: WaitOptions,
): Promise<ListeningPort[]> {
  await assertRunning(services, id, options);
  return withDeadline({ what: `The ports of ${id}`, ms: PORTS_MS, ...wait(options) }, async (signal) => {
    for await (const ports of (await services.guest(id, { signal })).listeningPorts({ signal })) {
      return ports;
    }
    throw new BulkheadError(`The ports of ${id} can't be listed`);
  });
}
