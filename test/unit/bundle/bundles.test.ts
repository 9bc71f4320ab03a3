import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
// @ts-expect-error: the scripts are plain JavaScript, which runs before anything is installed
import { bundles } from '../../../scripts/bundles.mjs';

let folder: string;
let outputs: Metafile['outputs'];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bulkhead-bundles-'));
  const options: BuildOptions = { ...bundles, outdir: folder, logLevel: 'silent', sourcemap: false };
  const { metafile } = await build({ ...options, metafile: true });
  outputs = metafile.outputs;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Source files in a bundle, relative to the repository. */
function inputs(bundle: string): string[] {
  const found = Object.entries(outputs).find(([path]) => path.endsWith(`/${bundle}`));
  return Object.keys(found?.[1].inputs ?? {});
}

describe('the bundles', () => {
  it('the extension itself is made of our own files only; libraries are in the services', () => {
    expect(inputs('extension.js')).toContain('src/extension.ts');
    expect(inputs('extension.js').filter((path) => path.includes('node_modules'))).toEqual([]);
    expect(inputs('app.js').some((path) => path.includes('node_modules/zod'))).toBe(true);
  });

  it('core is in none of them, so that an error’s class is the same everywhere', () => {
    for (const bundle of ['extension.js', 'app.js', 'cli.js', 'release.js']) {
      expect(inputs(bundle).filter((path) => path.startsWith('src/core/'))).toEqual([]);
    }
  });

  it('no class is in two bundles that run in one process', () => {
    const app = new Set(inputs('app.js'));
    const twice = [...inputs('extension.js'), ...inputs('cli.js')].filter((path) => app.has(path));
    expect(twice.filter((path) => /^(export )?(abstract )?class /m.test(readFileSync(path, 'utf8')))).toEqual(
      [],
    );
  });

  it('activation reads no file, starts no process, opens no connection and leaves the services unloaded', () => {
    const touched = execFileSync(
      process.execPath,
      [join(import.meta.dirname, 'activate.cjs'), join(folder, 'extension.js')],
      { encoding: 'utf8', timeout: 15_000 },
    );
    expect(JSON.parse(touched)).toEqual([]);
  });
});
