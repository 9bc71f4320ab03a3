import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BulkheadError, messageOf } from '../core/errors';
import type { Log } from '../core/log';
import type { ReportProgress } from '../core/progress';
import { readBuildContext } from './buildContext';
import { inspectImage } from './builtImage';
import { dockerBuild } from './dockerBuild';
import type { Engine } from './engine';
import { pullImage } from './pullImage';

/** The kit image, by content. */
export interface Kit {
  reference: string;
  id: string;
  /** SHA-256 (hex) over `guest/` and the base image's reference. */
  hash: string;
}

export interface KitOptions {
  signal?: AbortSignal | undefined;
  log: Log;
  onProgress?: ReportProgress | undefined;
  /** Absolute path of `guest/`. */
  kitFolder: string;
  env?: Readonly<Record<string, string | undefined>>;
}

export const KIT_BASE = 'debian:trixie-slim';

/** Finds the kit image of exactly these sources, or builds it. A build that is cut short leaves no image of that name. */
export async function ensureKit(engine: Engine, options: KitOptions): Promise<Kit> {
  const { kitFolder, log, signal, onProgress } = options;
  const base = (options.env ?? process.env)['BULKHEAD_KIT_BASE'] || KIT_BASE;
  const hash = await hashKit(kitFolder, base);
  const reference = `bulkhead-kit:${hash.slice(0, 16)}`;
  const found = await inspectImage(engine, reference);
  if (found) {
    return { reference, id: found.id, hash };
  }
  onProgress?.({ phase: 'kit', message: 'Building the kit image, once for this version' });
  await ensureBase(engine, base, options);
  const context = await readBuildContext(kitFolder, join(kitFolder, 'Dockerfile'), { signal });
  const labels = { 'bulkhead.kit': hash };
  const args = { BASE: base };
  await dockerBuild(
    engine,
    { context, tag: reference, args, labels, what: 'The kit image', phase: 'kit' },
    {
      signal,
      log,
      onProgress,
      ...(options.env && { env: options.env }),
    },
  );
  const built = await inspectImage(engine, reference);
  if (!built) {
    throw new BulkheadError('The Engine built the kit image, and does not have it', { next: 'Try again.' });
  }
  return { reference, id: built.id, hash };
}

async function ensureBase(engine: Engine, base: string, options: KitOptions): Promise<void> {
  if (await inspectImage(engine, base)) {
    return;
  }
  const { signal, log, onProgress } = options;
  try {
    await pullImage(engine, base, { signal, log, phase: 'kit', onProgress });
  } catch (error) {
    if (!(error instanceof BulkheadError) || error.kind === 'cancelled') {
      throw error;
    }
    throw new BulkheadError(`The kit image needs its base: ${error.message}`, {
      kind: 'host',
      cause: error,
      next: `Run \`docker pull ${base}\`, or make it without a registry with \`npm run setup\` in Bulkhead's sources, or name another Debian 13 image in BULKHEAD_KIT_BASE.`,
    });
  }
}

/** SHA-256 (hex) over the base's reference and each file's path, x-bit and bytes. */
export async function hashKit(folder: string, base: string): Promise<string> {
  const hash = createHash('sha256');
  hash.update(JSON.stringify([base]));
  try {
    for (const path of await filesOf(folder, '')) {
      const file = join(folder, path);
      const content = await readFile(file);
      const executable = ((await lstat(file)).mode & 0o100) !== 0;
      hash.update(JSON.stringify([path, executable, content.length]));
      hash.update(content);
    }
  } catch (error) {
    throw new BulkheadError(`The kit's sources can't be read: ${messageOf(error)}`, {
      cause: error,
      next: 'Install Bulkhead again.',
    });
  }
  return hash.digest('hex');
}

async function filesOf(folder: string, path: string): Promise<string[]> {
  const found: string[] = [];
  const entries = await readdir(join(folder, path), { withFileTypes: true });
  for (const entry of entries) {
    const child = path === '' ? entry.name : `${path}/${entry.name}`;
    if (entry.isDirectory()) {
      found.push(...(await filesOf(folder, child)));
    } else if (entry.isFile()) {
      found.push(child);
    }
  }
  return found.sort();
}
