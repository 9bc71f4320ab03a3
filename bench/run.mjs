// npm run bench [-- --rounds N] [-- --only load,boot]: bundles bench/main.ts and runs it. Prints medians and ratios of things
// run in turn in one run; a machine's absolute times mean little.
import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { build } from 'esbuild';

await mkdir('.cache/bench', { recursive: true });
await build({
  entryPoints: ['bench/main.ts'],
  outfile: '.cache/bench/main.cjs',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['cpu-features'],
  loader: { '.node': 'empty' },
  alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
  logLevel: 'warning',
});
const { status } = spawnSync(process.execPath, ['.cache/bench/main.cjs', ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
