import { type Log, printable } from '../core/log';
import { FileError } from './fileError';
import type { DirectoryEntry } from './guestFiles';
import { isEntryName } from './guestPath';
import { checkAttributes, type SftpSession } from './sftpSession';

/** SFTP's status code for "no more entries" (SSH_FX_EOF). */
const STATUS_EOF = 1;
/** A guest must not fill the log either. */
const DROPS_LOGGED = 10;

/**
 * Servers answer in order, 100 entries at a time (sftp-server.c, process_readdir): asking ahead saves most of the round
 * trips of a large folder. A small one costs as many requests, but no more time.
 */
const BATCHES_IN_FLIGHT = 4;

/** Reads an open folder to its end, with the limit kept while reading. Impossible names are dropped and logged. */
export async function listEntries(
  session: SftpSession,
  handle: Buffer,
  folder: string,
  options: { limit: number; signal: AbortSignal | undefined; log: Log },
): Promise<DirectoryEntry[]> {
  const entries = new Map<string, DirectoryEntry>();
  let seen = 0;
  let dropped = 0;
  const asked: Promise<unknown[]>[] = [];
  for (;;) {
    while (asked.length < BATCHES_IN_FLIGHT) {
      const batch = readBatch(session, handle, folder, options.signal);
      // The failure of one that is never awaited (after the end, or after another's failure) is nobody's.
      batch.catch(() => undefined);
      asked.push(batch);
    }
    const answer = (await asked.shift()) ?? [];
    if (answer.length === 0) {
      if (dropped > DROPS_LOGGED) {
        options.log.warn(`Dropped ${dropped} impossible file names from the VM in ${printable(folder, 200)}`);
      }
      return [...entries.values()];
    }
    for (const item of answer) {
      seen++;
      if (isSelfOrParent(item)) {
        continue;
      }
      const entry = checkEntry(item);
      if (entry) {
        entries.set(entry.name, entry);
      } else if (++dropped <= DROPS_LOGGED) {
        const name = printable(JSON.stringify(nameOf(item)) ?? 'nothing', 200);
        options.log.warn(`Dropped an impossible file name from the VM in ${printable(folder, 200)}: ${name}`);
      }
    }
    // `.` and `..` are not the caller's.
    if (seen > options.limit + 2) {
      throw new FileError('EFBIG', 'read the folder', folder, `it has more than ${options.limit} entries`);
    }
  }
}

function readBatch(
  session: SftpSession,
  handle: Buffer,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<unknown[]> {
  return session.request<unknown[]>({
    what: 'read the folder',
    path: folder,
    signal,
    start: (sftp, callback) => {
      // ssh2 keeps `.` and `..` with `full`, an option its types don't know: we drop them with the rest.
      const readdir = sftp.readdir as unknown as (h: Buffer, o: object, c: typeof callback) => void;
      readdir.call(sftp, handle, { full: true }, (error, list) =>
        isEof(error) ? callback(undefined, []) : callback(error, list),
      );
    },
    check: (list) => (Array.isArray(list) ? list : undefined),
  });
}

function nameOf(item: unknown): unknown {
  return (item as { filename?: unknown }).filename;
}

function isSelfOrParent(item: unknown): boolean {
  return nameOf(item) === '.' || nameOf(item) === '..';
}

function checkEntry(item: unknown): DirectoryEntry | undefined {
  const name = nameOf(item);
  const stat = checkAttributes((item as { attrs?: unknown }).attrs);
  return isEntryName(name) && stat ? { name, ...stat } : undefined;
}

function isEof(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === STATUS_EOF;
}
