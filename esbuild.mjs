// Bundles the extension and the CLI to dist/: pure JavaScript, no native addon.
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
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
  metafile: true,
  logLevel: 'info',
};

await mkdir('dist', { recursive: true });
// BuildKit's progress decoder loads these at run time from beside the bundle.
await cp(join(dirname(require.resolve('dockerode/package.json')), 'lib/proto'), 'dist/proto', {
  recursive: true,
});
// Installs Features; run as a program of its own (src/image/devcontainerBuild.ts).
const devcontainers = dirname(require.resolve('@devcontainers/cli/package.json'));
for (const path of ['package.json', 'LICENSE.txt', 'ThirdPartyNotices.txt', 'dist/spec-node', 'scripts']) {
  await cp(join(devcontainers, path), join('dist/devcontainers', path), { recursive: true });
}
if (watch) {
  const running = await context(options);
  await running.watch();
} else {
  const { metafile } = await build(options);
  await writeFile('dist/ThirdPartyNotices.txt', await noticesOf(Object.keys(metafile.inputs)));
}

/** The licence texts of every package that has a file in the bundles: what their licences ask for. */
async function noticesOf(inputs) {
  const packages = new Set(
    inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const notices = [];
  for (const folder of [...packages].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const file = (await readdir(folder)).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
    const text = file ? await readFile(join(folder, file), 'utf8') : `Licence: ${license}`;
    notices.push(`${name} ${version}\n\n${text.trim()}\n`);
  }
  return notices.join(`\n${'-'.repeat(80)}\n\n`);
}
