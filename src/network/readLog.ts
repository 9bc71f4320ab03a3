import { PassThrough, type Readable } from 'node:stream';
import type { Engine } from '../image/engine';
import { engineFailure, statusOf } from '../image/engineFailure';
import { plainLog } from '../machine/kvm/containerExec';
import { proxyName } from '../machine/kvm/jail';
import { type LogEntry, parseLogLine } from './requestLog';

/** More than the two files of the log hold of anything but the shortest lines. */
const TAIL = 20_000;
/** Docker's own time before each line, in nanoseconds (RFC 3339, always nine digits). */
const STAMPED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) (.*)$/;
const STAMPED_LINE_MAX = 4_096;

export interface LoggedRequests {
  entries: LogEntry[];
  /** Of the last line: where to go on. */
  last: string | undefined;
}

/** What a machine's proxy has logged so far; nothing if there is no proxy. It need not run. */
export async function readRequests(engine: Engine, id: string): Promise<LoggedRequests> {
  try {
    const log = await engine.docker
      .getContainer(proxyName(id))
      .logs({ stdout: true, stderr: false, timestamps: true, tail: TAIL });
    const lines = plainLog(log as unknown as Buffer).split('\n');
    return { entries: lines.flatMap((line) => stamped(line)?.entry ?? []), last: lastStamp(lines) };
  } catch (error) {
    if (statusOf(error) === 404) {
      return { entries: [], last: undefined };
    }
    throw engineFailure(`The requests of ${id} can’t be read`, error);
  }
}

/** What the proxy logs after `last`, until it ends, or `signal` aborts. */
export async function* followRequests(
  engine: Engine,
  id: string,
  last: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<{ entry: LogEntry | undefined; stamp: string }, void> {
  let raw: Readable;
  try {
    raw = (await engine.docker.getContainer(proxyName(id)).logs({
      stdout: true,
      stderr: false,
      timestamps: true,
      follow: true,
      // Whole seconds: what was read already is passed over below.
      ...(last === undefined ? { tail: TAIL } : { since: Math.floor(Date.parse(last) / 1000) }),
    })) as unknown as Readable;
  } catch (error) {
    if (statusOf(error) === 404) {
      return;
    }
    throw engineFailure(`The requests of ${id} can’t be followed`, error);
  }
  const stop = () => raw.destroy();
  const lines = new PassThrough();
  engine.docker.modem.demuxStream(raw, lines, lines);
  raw.once('end', () => lines.end());
  raw.once('close', () => lines.end());
  raw.on('error', (error) => lines.destroy(error));
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const line of boundedLines(lines)) {
      const found = stamped(line);
      if (found && (last === undefined || found.stamp > last)) {
        yield found;
      }
    }
  } finally {
    signal.removeEventListener('abort', stop);
    raw.destroy();
  }
}

/** Lines of at most `STAMPED_LINE_MAX` characters. One that is longer is no line of the proxy's: it is left out, and what follows it counts. */
export async function* boundedLines(chunks: AsyncIterable<unknown>): AsyncGenerator<string, void> {
  let rest = '';
  let overlong = false;
  for await (const chunk of chunks) {
    const parts = (rest + (chunk as Buffer).toString('latin1')).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      if (!overlong && line.length <= STAMPED_LINE_MAX) {
        yield line;
      }
      overlong = false;
    }
    if (rest.length > STAMPED_LINE_MAX) {
      rest = '';
      overlong = true;
    }
  }
}

function stamped(line: string): { entry: LogEntry | undefined; stamp: string } | undefined {
  const [, stamp, text = ''] = STAMPED.exec(line.slice(0, STAMPED_LINE_MAX)) ?? [];
  return stamp === undefined ? undefined : { stamp, entry: parseLogLine(text) };
}

function lastStamp(lines: string[]): string | undefined {
  return lines.findLast((line) => STAMPED.test(line.slice(0, STAMPED_LINE_MAX)))?.slice(0, 30);
}
