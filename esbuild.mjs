// Bundles the extension and the CLI to dist/: pure JavaScript, no native addon.
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build, context } from 'esbuild';
import { bundles, pages } from './scripts/bundles.mjs';

const require = createRequire(import.meta.url);
const options = [bundles, pages].map((each) => ({ ...each, outdir: 'dist' }));
const watch = process.argv.includes('--watch');

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
  for (const each of options) {
    await (await context(each)).watch();
  }
} else {
  const built = await Promise.all(options.map((each) => build(each)));
  const inputs = built.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  await writeFile('dist/ThirdPartyNotices.txt', await noticesOf(inputs));
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
