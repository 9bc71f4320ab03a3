import type { Readable } from 'node:stream';
import { throwIfAborted } from '../core/deadline';
import { BulkheadError, messageOf } from '../core/errors';
import { type Log, printable } from '../core/log';
import type { Phase, ReportProgress } from '../core/progress';
import type { Engine } from './engine';
import { engineFailure, saysDiskFull } from './engineFailure';
import { parseImageReference } from './imageReference';
import { jsonLines } from './jsonLines';
import { credentialsFor } from './registryCredentials';

export interface PullOptions {
  signal?: AbortSignal | undefined;
  log: Log;
  phase?: Phase;
  onProgress?: ReportProgress | undefined;
}

const NOT_FOUND = /not found|manifest unknown|does not exist|name unknown|no matching manifest/i;
const DENIED = /denied|unauthorized|authentication required|no basic auth/i;

/**
 * Pulls an image with the user's own credentials. @throws BulkheadError `usage` if the registry has no such image
 * or none for this account, `host` if the registry can't be reached.
 */
export async function pullImage(engine: Engine, text: string, options: PullOptions): Promise<void> {
  const { full, registry } = parseImageReference(text);
  const { signal, log } = options;
  throwIfAborted(signal);
  const auth = await credentialsFor(registry, log, { signal });
  log.info(`Pulling ${full}`);
  try {
    const request = {
      fromImage: full,
      ...(auth && { authconfig: auth }),
      ...(signal && { abortSignal: signal }),
    };
    const stream = (await engine.docker.createImage(request)) as Readable;
    const stop = () => stream.destroy();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      const layers = new Map<string, { current: number; total: number }>();
      for await (const event of jsonLines(stream)) {
        if (typeof event['error'] === 'string') {
          throw new Error(event['error']);
        }
        report(event, layers, full, options);
      }
    } finally {
      signal?.removeEventListener('abort', stop);
      stream.destroy();
    }
    throwIfAborted(signal);
  } catch (error) {
    throwIfAborted(signal);
    throw pullFailure(full, error);
  }
}

function report(
  event: Record<string, unknown>,
  layers: Map<string, { current: number; total: number }>,
  reference: string,
  { log, phase = 'build', onProgress }: PullOptions,
): void {
  const status = typeof event['status'] === 'string' ? printable(event['status'], 200) : '';
  const detail = event['progressDetail'] as { current?: unknown; total?: unknown } | undefined;
  if (status === 'Downloading' && typeof detail?.current === 'number' && typeof detail.total === 'number') {
    layers.set(String(event['id']), { current: detail.current, total: detail.total });
    let done = 0;
    let total = 0;
    for (const layer of layers.values()) {
      done += layer.current;
      total += layer.total;
    }
    onProgress?.({ phase, message: `Pulling ${reference}`, done, total, unit: 'bytes' });
  } else if (status !== '' && status !== 'Extracting') {
    log.debug(
      `${reference}: ${event['id'] === undefined ? '' : `${printable(String(event['id']), 80)} `}${status}`,
    );
  }
}

function pullFailure(reference: string, error: unknown): BulkheadError {
  const why = printable(messageOf(error), 1000).trim();
  if (saysDiskFull(why)) {
    return engineFailure(`The image ${reference} can't be pulled`, error);
  }
  if (NOT_FOUND.test(why) && !/no such host/i.test(why)) {
    return new BulkheadError(`There is no image ${reference}: ${why}`, {
      kind: 'usage',
      cause: error,
      next: 'Correct its name, or log in with `docker login` if it is private.',
    });
  }
  if (DENIED.test(why)) {
    return new BulkheadError(`The registry refuses the image ${reference}: ${why}`, {
      kind: 'usage',
      cause: error,
      next: 'Log in with `docker login`, or use another image.',
    });
  }
  return new BulkheadError(`The image ${reference} isn't here, and it can't be pulled: ${why}`, {
    kind: 'host',
    cause: error,
    next: `Check the network, or put the image there with \`docker pull ${reference}\` or \`docker load\`.`,
  });
}
