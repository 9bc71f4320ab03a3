// Bundles the extension and the CLI to dist/: pure JavaScript, no native addon.
import { cp, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build, context } from 'esbuild';

const require = createRequire(import.meta.url);
const watch = process.argv.includes('--watch');

/** @type {import('esbuild').BuildOptions} */
const options = {
  entryPoints: {
    extension: 'src/extension.ts',
    cli: 'src/cli.ts',
    // Puts a machine to rest after its window has closed.
    release: 'src/attach/releaseProcess.ts',
  },
  outdir: 'dist',
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
  logLevel: 'info',
};

await mkdir('dist', { recursive: true });
// BuildKit's progress decoder loads these at run time from beside the bundle.
await cp(join(dirname(require.resolve('dockerode/package.json')), 'lib/proto'), 'dist/proto', {
  recursive: true,
});
// Installs Features; run as a program of its own (src/image/devcontainerBuild.ts).
const devcontainers = dirname(require.resolve('@devcontainers/cli/package.json'));
for (const path of ['package.json', 'LICENSE.txt', 'dist/spec-node', 'scripts']) {
  await cp(join(devcontainers, path), join('dist/devcontainers', path), { recursive: true });
}
if (watch) {
  const running = await context(options);
  await running.watch();
} else {
  await build(options);
}
