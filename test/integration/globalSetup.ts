import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { silentLog } from '../../src/core/log';
import { connectEngine } from '../../src/image/engine';
import { ensureKit } from '../../src/image/kit';
import { PROGRAM, ROOT } from './fixtures/cli';

/** What dist/cli.js is made from. */
const SOURCES = ['src', 'esbuild.mjs', 'package.json'];

/** Once before all files: the bundle is of these sources, the kit image is there, probe results have a place. */
export default async function setup(): Promise<() => Promise<void>> {
  await nameBuildNetwork();
  if (await isStale()) {
    await promisify(execFile)(process.execPath, ['esbuild.mjs'], { cwd: ROOT, timeout: 120_000 });
  }
  const engine = await connectEngine({ log: silentLog });
  await ensureKit(engine, { log: silentLog, kitFolder: join(ROOT, 'guest') });
  // Each data folder is new, but the accelerator need not be probed for each.
  const cache = await mkdtemp(join(tmpdir(), 'bulkhead-cache-'));
  process.env['BULKHEAD_TEST_CACHE'] = cache;
  return () => rm(cache, { recursive: true, force: true });
}

/** `npm test` has found out which network builds need; a bare `vitest run` finds out here. */
async function nameBuildNetwork(): Promise<void> {
  const script = pathToFileURL(join(ROOT, 'scripts/setup/buildNetwork.mjs')).href;
  const { buildNetworkEnvironment }: { buildNetworkEnvironment(): Promise<NodeJS.ProcessEnv> } = await import(
    script
  );
  Object.assign(process.env, await buildNetworkEnvironment());
}

async function isStale(): Promise<boolean> {
  const built = await stat(PROGRAM).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  const changed = await Promise.all(SOURCES.map((source) => newest(join(ROOT, source))));
  return Math.max(...changed) > built;
}

async function newest(path: string): Promise<number> {
  const found = await stat(path);
  if (!found.isDirectory()) {
    return found.mtimeMs;
  }
  const inside = await Promise.all((await readdir(path)).map((name) => newest(join(path, name))));
  return Math.max(0, ...inside);
}
