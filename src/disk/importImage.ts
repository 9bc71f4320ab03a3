import { BulkheadError } from '../core/errors';
import type { Log } from '../core/log';
import type { ReportProgress } from '../core/progress';
import type { BuiltImage } from '../image/builtImage';
import type { Engine } from '../image/engine';
import { engineFailure } from '../image/engineFailure';
import { engineStream } from '../image/engineStream';
import type { Kit } from '../image/kit';
import { readSavedImage, SAVE_LIMITS } from '../image/savedImage';
import { readErofsDevices } from './erofsDevices';
import { ImportWorker, type LayerState, type MergedTree } from './importWorker';
import { diskKey, diskPaths, ensureStore, hasDisk, LAYER_VOLUME, type StoreOptions } from './layerStore';
import { type Extent, vmdkDescriptor } from './vmdk';

/** An image as a disk in the layer store. */
export interface ImageDisk {
  key: string;
  importedLayers: number;
  reusedLayers: number;
  /** Bytes that were put into the store now. */
  bytes: number;
}

export interface ImportOptions extends StoreOptions {
  log: Log;
  onProgress?: ReportProgress | undefined;
}

/**
 * Makes an image's disk in the layer store, or finds it there. Only layers that the store doesn't have are
 * brought in, each verified against its diff_id. @throws BulkheadError of kind `host` if the disk is full.
 */
export async function importImage(
  engine: Engine,
  kit: Kit,
  image: BuiltImage,
  options: ImportOptions,
): Promise<ImageDisk> {
  const key = diskKey(image.layers);
  const distinct = [...new Set(image.layers)];
  if (await hasDisk(engine, key, options)) {
    return { key, importedLayers: 0, reusedLayers: distinct.length, bytes: 0 };
  }
  await ensureStore(engine, kit, options);
  const worker = await ImportWorker.start(engine, kit, options.volume ?? LAYER_VOLUME, options.signal);
  try {
    let states = await worker.look(distinct);
    const missing = distinct.filter((layer) => states.get(layer)?.state === 'missing');
    if (missing.length > 0) {
      options.log.info(`Importing ${missing.length} of ${distinct.length} layers of ${image.reference}`);
      await bringIn(engine, image, worker, missing, states, options);
      states = await worker.look(distinct);
    }
    const filled = image.layers.filter((layer) => states.get(layer)?.state !== 'empty');
    await worker.makeDisk(describeDisk(key, await worker.merge(key, filled)));
    await worker.finish();
    const bytes = worker.bytes;
    return { key, importedLayers: missing.length, reusedLayers: distinct.length - missing.length, bytes };
  } finally {
    await worker.dispose();
  }
}

/** Reads the image's save once; a second time, whole, only if sizes misled the first pass. */
async function bringIn(
  engine: Engine,
  image: BuiltImage,
  worker: ImportWorker,
  missing: string[],
  states: Map<string, LayerState>,
  options: ImportOptions,
): Promise<void> {
  const known = new Map<string, number>();
  for (const [layer, state] of states) {
    if (state.state === 'known') {
      known.set(layer, state.bytes);
    }
  }
  let left = await pass(engine, image, worker, missing, known, options);
  if (left.size > 0 && known.size > 0) {
    left = await pass(engine, image, worker, left, new Map(), options);
  }
  if (left.size > 0) {
    throw new BulkheadError(`The Engine's save of ${image.reference} lacks ${left.size} of its layers`, {
      details: [...left].join('\n'),
      next: 'Check the image with `docker save`; build or pull it again.',
    });
  }
}

async function pass(
  engine: Engine,
  image: BuiltImage,
  worker: ImportWorker,
  wanted: Iterable<string>,
  known: Map<string, number>,
  options: ImportOptions,
): Promise<Set<string>> {
  const { signal } = options;
  const saved = await engineStream(engine.docker, `/images/${image.id}/get`, signal).catch(
    (error: unknown) => {
      throw engineFailure(`The image ${image.reference} can't be saved`, error);
    },
  );
  let done = 0;
  let reported = 0;
  const onBytes = (bytes: number) => {
    done += bytes;
    const now = Date.now();
    if (now - reported > 100) {
      reported = now;
      const total = Math.max(done, image.sizeBytes);
      options.onProgress?.({ phase: 'layers', message: 'Importing layers', done, total, unit: 'bytes' });
    }
  };
  const limits = { ...SAVE_LIMITS, bytes: Math.min(SAVE_LIMITS.bytes, bytesOfSave(image.sizeBytes)) };
  return readSavedImage(saved, { wanted, known, limits, newBlob: () => worker.newBlob(), signal, onBytes });
}

/**
 * What an honest save can hold, decompressed: the Engine counts the files' bytes, and a tar has a header for each of many small
 * ones. A blob that the Engine itself never unpacked (an attestation) could be a bomb.
 */
function bytesOfSave(sizeBytes: number): number {
  return 16 * 2 ** 30 + 8 * sizeBytes;
}

function describeDisk(key: string, merged: MergedTree): string {
  const { blockBytes, treeBlocks, deviceBlocks } = readErofsDevices(merged.head, merged.bytes);
  if (deviceBlocks.length !== merged.devices.length) {
    throw new BulkheadError(
      `The merged tree names ${deviceBlocks.length} layers, not ${merged.devices.length}`,
    );
  }
  const tree: Extent = { path: diskPaths(key).tree, bytes: treeBlocks * blockBytes };
  const tars = merged.devices.map((path, i) => ({ path, bytes: (deviceBlocks[i] ?? 0) * blockBytes }));
  return vmdkDescriptor([tree, ...tars]);
}
