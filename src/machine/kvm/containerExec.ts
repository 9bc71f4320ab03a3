import { Duplex, PassThrough } from 'node:stream';
import type { Container, ContainerCreateOptions } from 'dockerode';
import { throwIfAborted, withDeadline } from '../../core/deadline';
import { BulkheadError } from '../../core/errors';
import { printable } from '../../core/log';
import type { Engine } from '../../image/engine';
import { engineFailure, statusOf } from '../../image/engineFailure';
import type { WaitOptions } from '../hypervisor';

const EXEC_MS = 20_000;
/** Only the end of what a command complains about is kept. */
const COMPLAINT_CHARS = 4000;

/** A command in a running container as one stream: its stdin and stdout. `complaints` is the end of its stderr. */
export interface ExecStream {
  stream: Duplex;
  complaints(): string;
  exitCode(): Promise<number | undefined>;
}

/** Starts a command in a running container; the stream ends when the command does. */
export async function execStream(
  engine: Engine,
  container: Container,
  command: string[],
  options: WaitOptions & { what: string },
): Promise<ExecStream> {
  return withDeadline({ what: options.what, ms: EXEC_MS, signal: options.signal }, async (signal) => {
    try {
      const exec = await container.exec({
        Cmd: command,
        AttachStdin: true,
        AttachStdout: true,
        AttachStderr: true,
      });
      const raw = await exec.start({ hijack: true, stdin: true });
      if (signal.aborted) {
        raw.destroy();
        throwIfAborted(signal);
      }
      const stdout = new PassThrough();
      const stderr = new PassThrough();
      let complaints = '';
      stderr.on('data', (chunk: Buffer) => {
        complaints = (complaints + chunk.toString()).slice(-COMPLAINT_CHARS);
      });
      engine.docker.modem.demuxStream(raw, stdout, stderr);
      raw.once('end', () => stdout.end());
      raw.once('close', () => stdout.end());
      raw.on('error', (error) => stdout.destroy(error));
      const stream = Duplex.from({ readable: stdout, writable: raw as unknown as NodeJS.WritableStream });
      stream.once('close', () => raw.destroy());
      return {
        stream,
        complaints: () => printable(complaints).trim(),
        exitCode: async () => (await exec.inspect()).ExitCode ?? undefined,
      };
    } catch (error) {
      throw engineFailure(options.what, error);
    }
  });
}

/** Runs a command in a running container to its end and returns its stdout. @throws if it exits with another code than 0 */
export async function execOutput(
  engine: Engine,
  container: Container,
  command: string[],
  options: WaitOptions & { what: string; ms: number },
): Promise<string> {
  return withDeadline({ what: options.what, ms: options.ms, signal: options.signal }, async (signal) => {
    const { stream, complaints, exitCode } = await execStream(engine, container, command, {
      what: options.what,
      signal,
    });
    signal.addEventListener('abort', () => stream.destroy(), { once: true });
    stream.end();
    let text = '';
    for await (const chunk of stream) {
      text = (text + String(chunk)).slice(-100_000);
    }
    const code = await exitCode();
    if (code !== 0) {
      throw new BulkheadError(`${options.what}: ${complaints() || `exit code ${code}`}`);
    }
    return text;
  });
}

export interface OnceResult {
  exitCode: number;
  /** stdout and stderr together, the last 100,000 characters. */
  output: string;
}

/** Makes a container, runs it to its end, removes it. */
export async function runOnce(
  engine: Engine,
  create: ContainerCreateOptions,
  options: WaitOptions & { what: string; ms: number },
): Promise<OnceResult> {
  const container = await engine.docker.createContainer({ ...create, Tty: false }).catch((error: unknown) => {
    throw engineFailure(options.what, error);
  });
  try {
    return await withDeadline({ what: options.what, ms: options.ms, signal: options.signal }, async () => {
      const exit = container.wait({ condition: 'next-exit' });
      // If the start fails, nobody awaits the exit.
      exit.catch(() => undefined);
      await container.start();
      const { StatusCode: exitCode } = (await exit) as { StatusCode: number };
      const log = await container.logs({ stdout: true, stderr: true, tail: 1000 });
      return {
        exitCode,
        output: printable(plainLog(log as unknown as Buffer).slice(-100_000), 100_000).trim(),
      };
    });
  } catch (error) {
    throw engineFailure(options.what, error);
  } finally {
    await container.remove({ force: true }).catch((error: unknown) => {
      // 404 and 409: somebody else removes it.
      if (statusOf(error) !== 404 && statusOf(error) !== 409) {
        throw engineFailure(`${options.what}: its container can't be removed`, error);
      }
    });
  }
}

/** Text of a container log in Docker's multiplexed format (8-byte headers: stream, 3 zeros, big-endian length). */
export function plainLog(log: Buffer, only?: 'stdout' | 'stderr'): string {
  const wanted = only === undefined ? undefined : only === 'stdout' ? 1 : 2;
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= log.length; ) {
    const length = log.readUInt32BE(at + 4);
    if (wanted === undefined || log[at] === wanted) {
      parts.push(log.subarray(at + 8, at + 8 + length));
    }
    at += 8 + length;
  }
  return Buffer.concat(parts).toString();
}
