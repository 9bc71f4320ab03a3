import { type FSWatcher, watch } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { GetEventsOptions } from 'dockerode';
import { delay } from '../core/deadline';
import type { Disposable } from '../core/disposables';
import { isCancelled, messageOf } from '../core/errors';
import type { Engine } from '../image/engine';
import type { Services } from './services';

/** Several events come with each start or stop; they are told as one. */
const DEBOUNCE_MS = 100;
const RETRY_MS = 5_000;

/** Not `exec_*`: every connection to a guest is an exec, and changes nothing. */
const STATE_EVENTS = ['create', 'start', 'die', 'destroy', 'pause', 'unpause', 'update'];

/** A network's events name the container, but not its labels: those of other containers are looked at too. */
const WATCHED: GetEventsOptions['filters'][] = [
  { label: ['bulkhead.machine'], type: ['container'], event: STATE_EVENTS },
  // What serves a mounted folder.
  { label: ['bulkhead.share'], type: ['container'], event: ['die'] },
  { event: ['connect', 'disconnect'], type: ['network'] },
];

/**
 * Calls `listener` when a machine's container, its networks or the user's choices for a machine change, until disposed.
 * Connects again when the Engine went away.
 */
export function watchMachines(services: Services, listener: () => void): Disposable {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const tell = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      listener();
    }, DEBOUNCE_MS);
  };
  const lost = (what: string) => (error: unknown) => {
    if (!isCancelled(error)) {
      services.log.error(`${what} no longer followed: ${messageOf(error)}`);
    }
  };
  follow(services, tell, stop.signal).catch(lost('The Engine’s events are'));
  followChoices(services.data.choicesFolder, tell, stop.signal).catch(lost('The choices for machines are'));
  return {
    dispose: () => {
      clearTimeout(timer);
      stop.abort();
    },
  };
}

/** The command line and other windows write there too. */
async function followChoices(folder: string, tell: () => void, signal: AbortSignal): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (signal.aborted) {
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const watcher: FSWatcher = watch(folder, { persistent: false }, tell);
    watcher.once('error', reject);
    const end = () => {
      watcher.close();
      resolve();
    };
    signal.addEventListener('abort', end, { once: true });
  });
}

async function follow(services: Services, tell: () => void, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const { engine } = await services.connect({ signal });
      // What happened while nobody listened, before the first time too.
      await readEvents(engine, tell, signal, tell);
    } catch (error) {
      services.log.debug(`The Engine's events can't be read: ${messageOf(error)}`);
    }
    if (!signal.aborted) {
      tell();
      await delay(RETRY_MS, signal);
    }
  }
}

/** Ends as soon as one of the streams does. */
async function readEvents(
  engine: Engine,
  tell: () => void,
  signal: AbortSignal,
  listening: () => void,
): Promise<void> {
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  try {
    const streams = await Promise.all(WATCHED.map((filters) => openEvents(engine, filters, either)));
    listening();
    await Promise.race(streams.map((stream) => readLines(stream, tell)));
  } finally {
    ended.abort();
  }
}

async function openEvents(
  engine: Engine,
  filters: GetEventsOptions['filters'],
  signal: AbortSignal,
): Promise<Readable> {
  const stream = (await engine.docker.getEvents({ filters })) as unknown as Readable;
  // Destroyed while nobody reads it, it may still say why; that is no news.
  stream.on('error', () => undefined);
  if (signal.aborted) {
    stream.destroy();
  }
  signal.addEventListener('abort', () => stream.destroy(), { once: true });
  return stream;
}

async function readLines(stream: Readable, tell: () => void): Promise<void> {
  for await (const _event of createInterface({ input: stream })) {
    tell();
  }
}
