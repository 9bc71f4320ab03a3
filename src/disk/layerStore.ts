import { createHash } from 'node:crypto';
import type Docker from 'dockerode';
import { withDeadline } from '../core/deadline';
import { BulkheadError } from '../core/errors';
import type { Engine } from '../image/engine';
import { engineFailure, statusOf } from '../image/engineFailure';
import type { Kit } from '../image/kit';
import { workerContainer } from './workerContainer';

export const LAYER_VOLUME = 'bulkhead-layers';
/** Where the volume is mounted, in workers as in VMM containers. */
export const LAYER_FOLDER = '/layers';
/**
 * A container that is never started: it keeps `docker volume prune` away from the layers, and the Engine
 * answers questions about their files through it in milliseconds.
 */
export const STORE_CONTAINER = 'bulkhead-store';

const DISK_KEY = /^[0-9a-f]{64}$/;
const ANSWER_MS = 30_000;

export interface StoreOptions {
  signal?: AbortSignal | undefined;
  /** Another volume and the container that keeps it: only tests have one. */
  volume?: string;
}

export interface StoredDisk {
  key: string;
  /** Bytes of the disk's own index, without the layers. */
  bytes: number;
  layers: number;
}

export interface StoreContent {
  disks: StoredDisk[];
  layers: { hex: string; bytes: number }[];
}

export interface RemovedFromStore {
  kind: 'disk' | 'layer';
  name: string;
  bytes: number;
}

/** SHA-256 (hex) of the ordered diff_ids joined with newlines: which disk an image becomes. */
export function diskKey(layers: string[]): string {
  return createHash('sha256').update(layers.join('\n')).digest('hex');
}

/** Absolute paths of a disk's files where the layer volume is mounted. */
export function diskPaths(key: string): { folder: string; vmdk: string; tree: string } {
  if (!DISK_KEY.test(key)) {
    throw new Error(`Not a disk key: ${JSON.stringify(key)}`);
  }
  const folder = `${LAYER_FOLDER}/disks/${key}`;
  return { folder, vmdk: `${folder}/image.vmdk`, tree: `${folder}/merged.erofs` };
}

/** One cheap question to the Engine: is this disk there, whole? */
export async function hasDisk(engine: Engine, key: string, options: StoreOptions = {}): Promise<boolean> {
  return withDeadline({ what: 'The layer store', ms: ANSWER_MS, signal: options.signal }, async () => {
    try {
      const store = engine.docker.getContainer(storeContainer(options.volume));
      const answer = await store.infoArchive({ path: diskPaths(key).vmdk });
      answer.resume();
      return true;
    } catch (error) {
      if (statusOf(error) === 404) {
        return false;
      }
      throw engineFailure("The layer store can't be read", error);
    }
  });
}

/** Makes the volume and its keeper, if they aren't there. */
export async function ensureStore(engine: Engine, kit: Kit, options: StoreOptions = {}): Promise<void> {
  const volume = options.volume ?? LAYER_VOLUME;
  const name = storeContainer(options.volume);
  const deadline = { what: 'The layer store', ms: ANSWER_MS, signal: options.signal };
  await withDeadline(deadline, async () => {
    try {
      await engine.docker.createContainer({
        name,
        Image: kit.id,
        Entrypoint: ['/bin/true'],
        Cmd: [],
        Labels: { 'bulkhead.store': volume },
        HostConfig: {
          NetworkMode: 'none',
          Mounts: [{ Type: 'volume', Source: volume, Target: LAYER_FOLDER }],
        } satisfies Docker.HostConfig,
      });
    } catch (error) {
      // Somebody made it already.
      if (statusOf(error) !== 409) {
        throw engineFailure("The layer store can't be made", error);
      }
    }
  });
}

/** All disks and layers in the store. */
export async function listDisks(engine: Engine, kit: Kit, options: StoreOptions = {}): Promise<StoreContent> {
  const lines = await storeScript(engine, kit, 'list.sh', [], {}, options);
  const content: StoreContent = { disks: [], layers: [] };
  for (const [kind, name, bytes, layers] of lines) {
    if (kind === 'disk' && name !== undefined) {
      content.disks.push({ key: name, bytes: Number(bytes), layers: Number(layers) });
    } else if (kind === 'layer' && name !== undefined) {
      content.layers.push({ hex: name, bytes: Number(bytes) });
    }
  }
  return content;
}

/**
 * Removes all disks but those with these keys, and all layers that no remaining disk is made of. The caller
 * passes the key of every machine that exists; disks younger than `minAgeMinutes` (default 0) stay. @throws BulkheadError while an import is running.
 */
export async function removeUnused(
  engine: Engine,
  kit: Kit,
  keepKeys: string[],
  options: StoreOptions & { dryRun?: boolean; minAgeMinutes?: number } = {},
): Promise<RemovedFromStore[]> {
  if (!keepKeys.every((key) => DISK_KEY.test(key))) {
    throw new Error('Not a disk key');
  }
  const env = {
    ...(options.dryRun && { DRY_RUN: '1' }),
    MIN_AGE_MINUTES: String(options.minAgeMinutes ?? 0),
  };
  const lines = await storeScript(engine, kit, 'prune.sh', keepKeys, env, options);
  if (lines.some(([kind]) => kind === 'busy')) {
    throw new BulkheadError('The layer store is in use: an image is being imported', {
      next: 'Try again when it is done.',
    });
  }
  return lines.flatMap(([kind, name, bytes]) =>
    (kind === 'disk' || kind === 'layer') && name !== undefined ? [{ kind, name, bytes: Number(bytes) }] : [],
  );
}

function storeContainer(volume = LAYER_VOLUME): string {
  return volume === LAYER_VOLUME ? STORE_CONTAINER : `${STORE_CONTAINER}-${volume}`;
}

const SCRIPT_MS = 120_000;

async function storeScript(
  engine: Engine,
  kit: Kit,
  script: string,
  args: string[],
  env: Record<string, string>,
  options: StoreOptions,
): Promise<string[][]> {
  const deadline = { what: 'The layer store', ms: SCRIPT_MS, signal: options.signal };
  const text = await withDeadline(deadline, async (signal) => {
    const volume = options.volume ?? LAYER_VOLUME;
    const worker = await workerContainer(engine, kit, { script, args, env, volume, kind: 'store', signal });
    try {
      worker.stdin.end();
      return await worker.finished();
    } finally {
      await worker.dispose();
    }
  });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '));
}
