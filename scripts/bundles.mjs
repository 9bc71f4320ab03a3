// What esbuild.mjs makes, as options: the tests look at the same bundles.
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

const SOURCES = join(import.meta.dirname, '../src');
const APP = join(SOURCES, 'app');
const CORE = join(SOURCES, 'core');

/**
 * The services (dist/app.js) and what all bundles share (dist/core/) are files of their own: the editor loads the services
 * when they are first used, and an error's class is the same in every bundle. Other rooms' classes must not be in two of them.
 * @type {import('esbuild').Plugin}
 */
const sharedFiles = {
  name: 'shared-files',
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ path, importer, resolveDir }) => {
      if (!importer.startsWith(SOURCES)) {
        return undefined;
      }
      const target = resolve(resolveDir, path);
      if (target === APP) {
        return { path: './app.js', external: true };
      }
      const name = dirname(target) === CORE ? `${basename(target)}.js` : undefined;
      return name && { path: dirname(importer) === CORE ? `./${name}` : `./core/${name}`, external: true };
    });
  },
};

/** @type {import('esbuild').BuildOptions} */
export const bundles = {
  entryPoints: {
    extension: join(SOURCES, 'extension.ts'),
    app: join(SOURCES, 'app.ts'),
    ...Object.fromEntries(
      (await readdir(CORE)).map((file) => [`core/${basename(file, '.ts')}`, join(CORE, file)]),
    ),
    cli: join(SOURCES, 'cli.ts'),
    // Puts a machine to rest after its window has closed.
    release: join(SOURCES, 'attach/releaseProcess.ts'),
  },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  minify: true,
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  // ssh2's native accelerators don't travel in a VSIX; ssh2 falls back to node:crypto without them.
  external: ['vscode', 'cpu-features'],
  loader: { '.node': 'empty' },
  // Its `main` is UMD, whose inner requires esbuild can't see.
  alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
  plugins: [sharedFiles],
  metafile: true,
  logLevel: 'info',
};

/**
 * The page of the Resources view (dist/resources/): runs in the webview's frame, where there is no Node.
 * @type {import('esbuild').BuildOptions}
 */
export const pages = {
  entryPoints: { 'resources/main': join(import.meta.dirname, '../media/resources/main.ts') },
  bundle: true,
  platform: 'browser',
  format: 'iife',
  target: 'chrome120',
  minify: true,
  legalComments: 'none',
  metafile: true,
  logLevel: 'info',
};
