import { delay } from '../../core/deadline';
import { BulkheadError } from '../../core/errors';
import { printable } from '../../core/log';
import type { Engine } from '../../image/engine';
import { engineFailure, statusOf } from '../../image/engineFailure';
import { containerName, proxyName, proxyVolumeName, volumeName } from './jail';
import { shareContainerName, shareVolumeName } from './shareContainer';

/** Somebody may look into a volume for a moment (`bulkhead stats`, a backup). */
const IN_USE_MS = 30_000;
const RETRY_MS = 200;

/** Removes all that the Engine has of a machine, and is done only when it is gone. */
export async function removeMachine(engine: Engine, id: string, signal: AbortSignal): Promise<void> {
  // The proxy first: as long as the machine's container is there, a removal that failed can be asked for again.
  await removeContainer(engine, proxyName(id), `The proxy of ${id}`, signal);
  await removeContainer(engine, containerName(id), `The container of ${id}`, signal);
  await removeContainer(engine, shareContainerName(id), `What shares the folder of ${id}`, signal);
  // Another user's process may have brought the proxy back before its machine was gone. Now none can.
  await removeContainer(engine, proxyName(id), `The proxy of ${id}`, signal);
  await removeVolume(engine, shareVolumeName(id), `The socket's volume of ${id}`, signal);
  await removeVolume(engine, proxyVolumeName(id), `The proxy's volume of ${id}`, signal);
  await removeVolume(engine, volumeName(id), `The disk of ${id}`, signal);
}

async function removeContainer(
  engine: Engine,
  name: string,
  what: string,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      await engine.docker.getContainer(name).remove({ force: true });
      return;
    } catch (error) {
      if (statusOf(error) === 404) {
        return;
      }
      // 409: another process removes it. It is gone only when the Engine no longer knows it.
      if (statusOf(error) !== 409) {
        throw engineFailure(`${what} can't be removed`, error);
      }
    }
    await delay(RETRY_MS, signal);
  }
}

async function removeVolume(engine: Engine, name: string, what: string, signal: AbortSignal): Promise<void> {
  for (const until = Date.now() + IN_USE_MS; ; ) {
    try {
      await engine.docker.getVolume(name).remove();
      return;
    } catch (error) {
      if (statusOf(error) === 404) {
        return;
      }
      // 409: a container has it.
      if (statusOf(error) !== 409) {
        throw engineFailure(`${what} can't be removed`, error);
      }
      if (Date.now() > until) {
        throw await inUse(engine, name, what, error);
      }
    }
    await delay(RETRY_MS, signal);
  }
}

async function inUse(engine: Engine, volume: string, what: string, cause: unknown): Promise<BulkheadError> {
  const holders = await engine.docker.listContainers({ all: true, filters: { volume: [volume] } });
  const names = holders.map(({ Names, Id }) => printable(Names[0]?.slice(1) ?? Id.slice(0, 12), 100));
  return new BulkheadError(`${what} can't be removed: in use by ${names.join(', ') || 'a container'}`, {
    cause,
    next: 'Remove what uses it, then run `bulkhead prune`.',
  });
}
