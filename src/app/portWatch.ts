import { withDeadline } from '../core/deadline';
import { BulkheadError } from '../core/errors';
import type { ListeningPort } from '../guest/guestWatch';
import type { WaitOptions } from '../machine/hypervisor';
import { assertRunning, type MachineEnds } from './machineEnds';
import { persistently } from './persistently';
import type { Services } from './services';
import type { WatchSource } from './sharedWatches';
import { wait } from './wait';

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

/** The list as it is now. Ends at once when the machine does. */
export async function listPorts(
  services: Services,
  ends: MachineEnds,
  id: string,
  options: WaitOptions,
): Promise<ListeningPort[]> {
  await assertRunning(services, id, options);
  const what = `The ports of ${id}`;
  return ends.whileAlive(id, wait(options), (signal) =>
    withDeadline({ what, ms: PORTS_MS, signal }, async (signal) => {
      for await (const ports of (await services.guest(id, { signal })).listeningPorts({ signal })) {
        return ports;
      }
      throw new BulkheadError(`${what} can't be listed`);
    }),
  );
}
