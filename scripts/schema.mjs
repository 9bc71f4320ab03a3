// Writes the JSON schemas in media/ from the zod source (src/settings/bulkheadSchema.ts).
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, '.cache');

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
  const schemas = await import(pathToFileURL(bundle).href);
  const targets = {
    'bulkhead.schema.json': schemas.bulkheadJsonSchema(),
    'bulkhead.editor.schema.json': schemas.editorJsonSchema(),
    'devcontainer.editor.schema.json': schemas.devcontainerEditorSchema(),
  };
  for (const [name, schema] of Object.entries(targets)) {
    const target = join(root, 'media', name);
    await writeFile(target, `${JSON.stringify(schema, null, 2)}\n`);
    execFileSync(join(root, 'node_modules/.bin/biome'), ['format', '--write', target], { stdio: 'inherit' });
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
