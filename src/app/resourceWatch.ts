import type { GuestSample } from '../guest/guestWatch';
import type { HostSample } from '../machine/hypervisor';
import type { ResourceSample } from './contract';
import { assertRunning } from './machineEnds';
import { persistently } from './persistently';
import type { Services } from './services';
import type { SharedWatches, WatchSource } from './sharedWatches';

/** An older word of the guest is not joined with a new sample of the host. */
const GUEST_FRESH_MS = 2_500;
/** The sampler beside the VM is our own: if it fails so often in a row, watching is over. */
const HOST_FAILURES = 4;

/** One sample of the host a second. */
export function hostSource(services: Services): WatchSource<HostSample> {
  return (id, tell, signal) =>
    persistently(
      { what: `What ${id} uses`, log: services.log, signal, failures: HOST_FAILURES },
      async function* () {
        await assertRunning(services, id, { signal });
        const machine = await services.machine(id, { signal });
        for await (const host of machine.samples({ signal })) {
          tell(host);
          yield;
        }
      },
    );
}

/** The host's samples, each with the guest's own word if it answers. */
export function resourceSource(
  services: Services,
  hosts: SharedWatches<HostSample>,
): WatchSource<ResourceSample> {
  return async (id, tell, signal) => {
    let guest: { sample: GuestSample; at: number } | undefined;
    let guestAsked = false;
    const watchGuest = () =>
      persistently({ what: `What ${id} says it uses`, log: services.log, signal }, async function* () {
        for await (const sample of (await services.guest(id, { signal })).samples({ signal })) {
          guest = { sample, at: Date.now() };
          yield;
        }
      });
    await new Promise<void>((resolve, reject) => {
      const watching = hosts.watch(id, {
        onValue: (host) => {
          const fresh = guest && Date.now() - guest.at < GUEST_FRESH_MS;
          tell({ at: host.at, host, ...(guest && fresh && { guest: guest.sample }) });
          if (!guestAsked) {
            guestAsked = true;
            // It goes on until `signal` aborts, and never fails.
            void watchGuest();
          }
        },
        onEnd: reject,
      });
      const stop = () => {
        watching.dispose();
        resolve();
      };
      if (signal.aborted) {
        stop();
      }
      signal.addEventListener('abort', stop, { once: true });
    });
  };
}
