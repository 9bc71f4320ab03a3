import type { Duplex } from 'node:stream';
import { PassThrough } from 'node:stream';
import { throwIfAborted, withDeadline } from '../core/deadline';
import { BulkheadError, CancelledError, messageOf } from '../core/errors';
import { printable } from '../core/log';
import type { Engine } from '../image/engine';
import { engineFailure, statusOf } from '../image/engineFailure';
import type { Kit } from '../image/kit';
import { workerName } from '../image/workerName';

export interface WorkerOptions {
  /** Name of a script in the kit's `disk/` folder. */
  script: string;
  args: string[];
  env?: Record<string, string>;
  /** Volume at `/layers`. */
  volume: string;
  /** Value of the label `bulkhead.worker`. */
  kind: string;
  signal?: AbortSignal | undefined;
}

/** A script of the kit that runs in a jail beside the layer volume, with its stdio. */
export interface Worker {
  stdin: Duplex;
  stdout: PassThrough;
  /** All of stdout, once the script has ended with exit code 0. Only where nobody else reads `stdout`. */
  finished(): Promise<string>;
  /** What it wrote to stderr, the last 4000 characters. */
  complaints(): string;
  /** Stops it if it still runs. */
  dispose(): Promise<void>;
}

const MEMORY_BYTES = 1 << 30;
const REMOVAL_MS = 30_000;
const MAX_OUTPUT = 16 * 2 ** 20;

/** Starts a worker. It parses tars that an attacker made, so its container holds nothing but the layer volume. */
export async function workerContainer(engine: Engine, kit: Kit, options: WorkerOptions): Promise<Worker> {
  const { signal } = options;
  throwIfAborted(signal);
  const container = await engine.docker
    .createContainer({
      name: workerName(options.kind),
      Image: kit.id,
      Entrypoint: [`/usr/lib/bulkhead/disk/${options.script}`],
      Cmd: options.args,
      User: '1234:1234',
      Env: Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`),
      WorkingDir: '/',
      OpenStdin: true,
      StdinOnce: true,
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Labels: { 'bulkhead.worker': options.kind },
      HostConfig: {
        AutoRemove: true,
        NetworkMode: 'none',
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges'],
        ReadonlyRootfs: true,
        Tmpfs: { '/tmp': 'size=64m,mode=1777' },
        PidsLimit: 64,
        Memory: MEMORY_BYTES,
        MemorySwap: MEMORY_BYTES,
        LogConfig: { Type: 'none', Config: {} },
        Mounts: [{ Type: 'volume', Source: options.volume, Target: '/layers' }],
      },
    })
    .catch((error: unknown) => {
      throw engineFailure("The layer store's worker can't be made", error);
    });
  const remove = async () => {
    try {
      await container.remove({ force: true });
    } catch (error) {
      // 404: it is gone; 409: AutoRemove is at it.
      if (statusOf(error) !== 404 && statusOf(error) !== 409) {
        throw engineFailure("The layer store's worker can't be removed", error);
      }
    }
    await withDeadline({ what: "The removal of the layer store's worker", ms: REMOVAL_MS }, async () => {
      await container.wait({ condition: 'removed' }).catch((error: unknown) => {
        if (statusOf(error) !== 404) {
          throw engineFailure("The layer store's worker can't be removed", error);
        }
      });
    });
  };
  try {
    throwIfAborted(signal);
    const attach = { stream: true, stdin: true, stdout: true, stderr: true, hijack: true };
    const stdin = (await container.attach(attach)) as unknown as Duplex;
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    let complaints = '';
    let ended = false;
    stderr.on('data', (chunk: Buffer) => {
      complaints = (complaints + chunk.toString()).slice(-4000);
    });
    engine.docker.modem.demuxStream(stdin, stdout, stderr);
    // Its 'close' follows; what was said until then still counts.
    stdin.on('error', (error) => {
      complaints += messageOf(error);
    });
    stdin.on('close', () => stdout.end());
    stdin.on('end', () => {
      ended = true;
      stdout.end();
    });
    const onAbort = () => {
      stdout.destroy(new CancelledError());
      stdin.destroy();
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    // Before the start: AutoRemove may be faster than a question afterwards.
    const exit = container.wait({ condition: 'next-exit' });
    exit.catch(() => undefined);
    await container.start();
    return {
      stdin,
      stdout,
      complaints: () => printable(complaints).trim(),
      finished: async () => {
        const text = await textOf(stdout);
        const { StatusCode: code } = (await exit) as { StatusCode: number };
        if (code !== 0) {
          throw new BulkheadError(`The layer store's ${options.script} ended with ${code}`, {
            details: printable(complaints),
          });
        }
        return text;
      },
      dispose: async () => {
        signal?.removeEventListener('abort', onAbort);
        stdin.destroy();
        if (!ended) {
          await remove();
        }
      },
    };
  } catch (error) {
    await remove();
    throw error instanceof BulkheadError
      ? error
      : engineFailure(`The layer store's worker can't be started: ${messageOf(error)}`, error);
  }
}

async function textOf(stream: PassThrough): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text += (chunk as Buffer).toString();
    if (text.length > MAX_OUTPUT) {
      throw new BulkheadError("The layer store's worker says more than it should");
    }
  }
  return text;
}
