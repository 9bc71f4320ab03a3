import { printable } from '../core/log';
import { NumberFields } from '../core/numberFields';
import type { GuestProcessUse, GuestSample, ListeningPort } from './guestWatch';

/** Start of the sentence when a line is not what guest/agent writes. */
export const WATCHER = 'The VM’s watcher';
const MAX_CPUS = 256;
const MAX_PROCESSES = 10;
const MAX_LISTENERS = 512;
const MAX_PID = 2 ** 22;
const MAX_UID = 2 ** 32 - 1;
/** A shorter time would make a rate of one tick. */
const MIN_ELAPSED_MS = 50;
const NAME_CHARS = 64;
/** The kit's own sshd. The agent leaves it out; no guest may make us show it. */
const SSH_PORT = 22;

/**
 * One line of `bulkhead-control watch resources` (guest/agent/resources.c):
 * `sample <ms> <cpus> {<busy ms>}… <total> <free> <cached> <disk> <used> <read> <written> <received> <sent> <processes> <n>
 * {<pid> <uid> <of the kit> <hundredths of a percent of one CPU> <rss> <name in hex>}…`. Bytes, and since the line before.
 * @throws BulkheadError if it is anything else
 */
export function parseGuestSample(line: string): GuestSample {
  const fields = new NumberFields(line, WATCHER);
  fields.word(/^sample$/);
  const elapsedMs = Math.max(MIN_ELAPSED_MS, fields.number());
  const cpus = fields.number(MAX_CPUS);
  const percent = (ms: number, max: number) => Math.min(max, (ms / elapsedMs) * 100);
  const perSecond = (bytes: number) => (bytes / elapsedMs) * 1000;
  const cpuPercent = fields.numbers(cpus).map((ms) => percent(ms, 100));
  const memory = memoryOf(fields.number(), fields.number(), fields.number());
  const sizeBytes = fields.number();
  const disk = { sizeBytes, usedBytes: Math.min(sizeBytes, fields.number()) };
  const readBytesPerSecond = perSecond(fields.number());
  const writeBytesPerSecond = perSecond(fields.number());
  const network = {
    receivedBytesPerSecond: perSecond(fields.number()),
    sentBytesPerSecond: perSecond(fields.number()),
  };
  const processCount = fields.number();
  const processes = Array.from({ length: fields.number(MAX_PROCESSES) }, (): GuestProcessUse => {
    const pid = fields.number(MAX_PID);
    const uid = fields.number(MAX_UID);
    const kit = fields.number(1) === 1;
    const cpuPercent = Math.min(100 * Math.max(1, cpus), fields.number() / 100);
    return {
      pid,
      uid,
      cpuPercent,
      memoryBytes: fields.number(),
      name: name(fields),
      ...(kit && { kit: true as const }),
    };
  });
  fields.end();
  return {
    cpuPercent,
    memory,
    disk,
    readBytesPerSecond,
    writeBytesPerSecond,
    network,
    processCount,
    processes,
  };
}

function memoryOf(totalBytes: number, free: number, cached: number): GuestSample['memory'] {
  const freeBytes = Math.min(free, totalBytes);
  const cachedBytes = Math.min(cached, totalBytes - freeBytes);
  return { totalBytes, freeBytes, cachedBytes, usedBytes: totalBytes - freeBytes - cachedBytes };
}

const REACH = ['any', 'loopback', 'other'] as const;

/**
 * One line of `bulkhead-control watch ports` (guest/agent/ports.c): `ports <n> {<port> any|loopback|other <pid> <name in hex>}…`.
 * One entry a port, by number: a port that several listen on is as reachable as the most reachable of them.
 * @throws BulkheadError if it is anything else
 */
export function parseListeningPorts(line: string): ListeningPort[] {
  const fields = new NumberFields(line, WATCHER);
  fields.word(/^ports$/);
  const found = new Map<number, ListeningPort>();
  for (let left = fields.number(MAX_LISTENERS); left > 0; left--) {
    const port = fields.number(65_535);
    const address = fields.word(/^(any|loopback|other)$/) as ListeningPort['address'];
    const pid = fields.number(MAX_PID);
    const called = name(fields);
    if (port === 0 || port === SSH_PORT) {
      continue;
    }
    const listener: ListeningPort = { port, address, ...(pid > 0 && { process: { pid, name: called } }) };
    const other = found.get(port);
    if (!other || isBetter(listener, other)) {
      found.set(port, listener);
    }
  }
  fields.end();
  return [...found.values()].sort((a, b) => a.port - b.port);
}

function isBetter(one: ListeningPort, other: ListeningPort): boolean {
  const reach = REACH.indexOf(one.address) - REACH.indexOf(other.address);
  return reach < 0 || (reach === 0 && one.process !== undefined && other.process === undefined);
}

/** A name in hex (it may hold any byte), or `-`. */
function name(fields: NumberFields): string {
  const hex = fields.word(/^(-|([0-9a-f]{2}){1,64})$/);
  const text = hex === '-' ? '' : Buffer.from(hex, 'hex').toString('utf8');
  return printable(text, NAME_CHARS).replace(/\s+/g, ' ').trim() || '?';
}
