import { boundedLines } from '../core/boundedLines';
import { BulkheadError, CancelledError } from '../core/errors';
import { printable } from '../core/log';
import type { WaitOptions } from '../machine/hypervisor';
import { guestProcess } from './guestProcess';
import { parseGuestSample, parseListeningPorts, WATCHER } from './guestSampleParser';
import type { GuestSample, ListeningPort } from './guestWatch';
import type { SharedConnection } from './sharedConnection';

/** The agent's own limit of a line (guest/agent/watch.h). */
const LINE_MAX = 65_536;
/** The agent sends a line a second; a guest that sends many more wants to keep this host busy. */
const LINES_AT_ONCE = 20;
const LINES_PER_SECOND = 4;
/** The agent says that it is there at least every 15 s. A guest may be slow, or stopped for a while. */
const SILENCE_MS = 60_000;

/** What the guest says it uses, about once a second. */
export async function* guestSamples(
  connection: SharedConnection,
  options: WaitOptions,
): AsyncGenerator<GuestSample, void> {
  for await (const line of watcherLines(connection, 'resources', options)) {
    yield parseGuestSample(line);
  }
}

/** The TCP ports that something listens on: at once, and whenever that changes. */
export async function* guestPorts(
  connection: SharedConnection,
  options: WaitOptions,
): AsyncGenerator<ListeningPort[], void> {
  for await (const line of watcherLines(connection, 'ports', options)) {
    if (line !== 'alive') {
      yield parseListeningPorts(line);
    }
  }
}

/** Runs the agent's watcher until it is no longer read or `signal` aborts. @throws if it ends by itself, or floods */
async function* watcherLines(
  connection: SharedConnection,
  what: 'resources' | 'ports',
  options: WaitOptions,
): AsyncGenerator<string, void> {
  const process = guestProcess(
    await connection.openExec(`bulkhead-control watch ${what}`, { env: {} }, options),
  );
  let complaints = '';
  process.stderr.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString()).slice(-1000);
  });
  process.stdin.on('error', () => undefined);
  const stop = () => process.dispose();
  let silence = setTimeout(stop, SILENCE_MS);
  options.signal?.addEventListener('abort', stop, { once: true });
  const began = performance.now();
  let count = 0;
  try {
    for await (const line of boundedLines(process.stdout, LINE_MAX, WATCHER)) {
      count++;
      if (count > LINES_AT_ONCE + ((performance.now() - began) / 1000) * LINES_PER_SECOND) {
        throw new BulkheadError(`${WATCHER} sends far more than it should`);
      }
      clearTimeout(silence);
      silence = setTimeout(stop, SILENCE_MS);
      yield line;
    }
    throw new BulkheadError(`${WATCHER} ended`, {
      details: printable(complaints, 1000),
      ...(complaints.includes('unknown control message') && {
        next: 'The machine was started by another version of Bulkhead: stop it and start it again.',
      }),
    });
  } catch (error) {
    throw options.signal?.aborted ? new CancelledError() : error;
  } finally {
    clearTimeout(silence);
    options.signal?.removeEventListener('abort', stop);
    process.dispose();
  }
}
