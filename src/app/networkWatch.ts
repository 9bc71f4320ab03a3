import { delay } from '../core/deadline';
import type { Disposable } from '../core/disposables';
import type { WaitOptions } from '../machine/hypervisor';
import type { NetworkListener, NetworkRequest, NetworkRow } from '../network/networkService';
import { followRequests, readRequests } from '../network/readLog';
import { RequestRows } from '../network/requestRows';
import type { MachineEnds } from './machineEnds';
import { modeOf, proxyOf, startEgress } from './machineNetwork';
import { persistently } from './persistently';
import type { Services } from './services';
import { SharedWatches } from './sharedWatches';
import { wait } from './wait';

/** A flood of requests is told as often as a person can look. */
const ROWS_EVERY_MS = 250;
/** How often it is looked whether a proxy that does not run is there again. */
const LOOK_EVERY_MS = 2_000;

type Told = { rows: NetworkRow[] } | { request: NetworkRequest };

export async function networkRows(
  services: Services,
  id: string,
  options: WaitOptions = {},
): Promise<NetworkRow[]> {
  await services.machine(id, wait(options));
  const { engine } = await services.connect(wait(options));
  const rows = new RequestRows();
  for (const entry of (await readRequests(engine, id)).entries) {
    rows.add(entry);
  }
  return rows.list();
}

/** One reader of a proxy's log for all who watch its machine. */
export class NetworkWatches implements Disposable {
  private readonly last = new Map<string, NetworkRow[]>();
  private readonly watches: SharedWatches<Told>;

  constructor(
    private readonly services: Services,
    ends: MachineEnds,
  ) {
    this.watches = new SharedWatches(ends, (id, tell, signal) => this.read(id, tell, signal), {
      replay: false,
    });
  }

  watch(id: string, listener: NetworkListener): Disposable {
    const known = this.last.get(id);
    if (known) {
      listener.onRows(known);
    }
    return this.watches.watch(id, {
      onValue: (told) => ('rows' in told ? listener.onRows(told.rows) : listener.onRequest?.(told.request)),
      onEnd: (error) => listener.onEnd(error),
    });
  }

  dispose(): void {
    this.watches.dispose();
    this.last.clear();
  }

  private async read(id: string, tell: (told: Told) => void, signal: AbortSignal): Promise<void> {
    const rows = new RequestRows();
    let timer: NodeJS.Timeout | undefined;
    const tellRows = () => {
      timer = undefined;
      const list = rows.list();
      this.last.set(id, list);
      tell({ rows: list });
    };
    const { services } = this;
    let last: string | undefined;
    let begun = false;
    try {
      await persistently({ what: `The requests of ${id}`, log: services.log, signal }, async function* () {
        const { engine } = await services.connect({ signal });
        if (!begun) {
          const before = await readRequests(engine, id);
          for (const entry of before.entries) {
            rows.add(entry);
          }
          last = before.last;
          begun = true;
          tellRows();
        }
        for await (const { entry, stamp } of followRequests(engine, id, last, signal)) {
          last = stamp;
          if (entry) {
            rows.add(entry);
            timer ??= setTimeout(tellRows, ROWS_EVERY_MS);
            if (entry.kind === 'request') {
              const { kind: _kind, ...request } = entry;
              tell({ request });
            }
          }
        }
        yield;
        await delay(LOOK_EVERY_MS, signal);
        await revive(services, id, signal);
      });
    } finally {
      clearTimeout(timer);
      this.last.delete(id);
    }
  }
}

/** A proxy that was killed while its machine runs comes back, as somebody is looking. */
async function revive(services: Services, id: string, signal: AbortSignal): Promise<void> {
  const machine = await services.machine(id, { signal });
  const network = await modeOf(services, machine, { signal });
  const { state } = await machine.info({ signal });
  if (
    state !== 'running' ||
    network.mode === 'none' ||
    (await (await proxyOf(services, id, { signal })).runs())
  ) {
    return;
  }
  services.log.warn(`The proxy of ${id} had ended; it is started again`);
  await startEgress(services, id, network, { signal, fresh: false });
}
