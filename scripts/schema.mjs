// Writes media/bulkhead.schema.json from the zod source (src/settings/bulkheadSchema.ts).
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, '.cache');
const target = join(root, 'media/bulkhead.schema.json');

await mkdir(cache, { recursive: true });
await mkdir(join(root, 'media'), { recursive: true });
const folder = await mkdtemp(join(cache, 'schema-'));
try {
  const bundle = join(folder, 'jsonSchema.mjs');
  await build({
    entryPoints: [join(root, 'src/settings/jsonSchema.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
  });
  const { bulkheadJsonSchema } = await import(pathToFileURL(bundle).href);
  await writeFile(target, `${JSON.stringify(bulkheadJsonSchema(), null, 2)}\n`);
  execFileSync(join(root, 'node_modules/.bin/biome'), ['format', '--write', target], { stdio: 'inherit' });
} finally {
  await rm(folder, { recursive: true, force: true });
}
