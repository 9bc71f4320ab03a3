import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { delay } from '../core/deadline';
import type { Disposable } from '../core/disposables';
import { isCancelled, messageOf } from '../core/errors';
import type { Engine } from '../image/engine';
import type { Services } from './services';

/** Several events come with each start or stop; they are told as one. */
const DEBOUNCE_MS = 100;
const RETRY_MS = 5_000;

/** Calls `listener` when a machine's container changes, until disposed. Connects again when the Engine went away. */
export function watchMachines(services: Services, listener: () => void): Disposable {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const tell = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      listener();
    }, DEBOUNCE_MS);
  };
  void follow(services, tell, stop.signal).catch((error: unknown) => {
    if (!isCancelled(error)) {
      services.log.error(`The Engine's events are no longer followed: ${messageOf(error)}`);
    }
  });
  return {
    dispose: () => {
      clearTimeout(timer);
      stop.abort();
    },
  };
}

async function follow(services: Services, tell: () => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const { engine } = await services.connect({ signal });
      await readEvents(engine, tell, signal);
    } catch (error) {
      services.log.debug(`The Engine's events can't be read: ${messageOf(error)}`);
    }
    if (!signal.aborted) {
      tell();
      await delay(RETRY_MS, signal);
    }
  }
}

async function readEvents(engine: Engine, tell: () => void, signal: AbortSignal): Promise<void> {
  const filters = { label: ['bulkhead.machine'], type: ['container' as const] };
  const stream = (await engine.docker.getEvents({ filters })) as unknown as Readable;
  const end = () => stream.destroy();
  signal.addEventListener('abort', end, { once: true });
  try {
    for await (const _event of createInterface({ input: stream })) {
      tell();
    }
  } finally {
    signal.removeEventListener('abort', end);
    stream.destroy();
  }
}
