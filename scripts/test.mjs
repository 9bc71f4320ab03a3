// `npm test [-- --only lint,unit,integration,hostile,ui]`: sets up, builds, and runs everything, on any Debian or Ubuntu.
// The last line is `N passed, N failed`; the exit code is 0 only if nothing failed and every suite ran something.
import { spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CACHE, ROOT, run, say } from './setup/run.mjs';
import { runScript, setUp } from './setup.mjs';
import { watchLeftovers } from './testLeftovers.mjs';
import { addCounts, countUi, countVitest } from './testReport.mjs';

const REPORTS = join(CACHE, 'test-reports');
/** A suite that takes longer (ms) hangs. */
const SUITE_DEADLINE_MS = 3_600_000;

const LINTS = [
  ['biome', 'check', '.'],
  ['tsc', '--noEmit'],
  ['tsc', '--noEmit', '-p', 'media'],
  ['node', 'scripts/lint-shell.mjs'],
];

/** @type {Record<string, (env: NodeJS.ProcessEnv) => Promise<import('./testReport.mjs').Count>>} */
const SUITES = {
  lint: async (env) => {
    const codes = [];
    for (const argv of LINTS) {
      say(`$ ${argv.join(' ')}`);
      codes.push((await stream(argv, env)).code);
    }
    // A lint is no test: it adds nothing when it passes, and counts when it fails.
    return { passed: 0, failed: codes.filter((code) => code !== 0).length };
  },
  unit: (env) => vitest('unit', env),
  integration: (env) => vitest('integration', env),
  hostile: async (env) => {
    const { code } = await stream(['node', 'scripts/hostile.mjs', '--reports', REPORTS], env);
    const [onVms, onHost] = await Promise.all(
      ['hostile.json', 'hostile-host.json'].map((name) => countVitest(join(REPORTS, name), 0)),
    );
    return addCounts(onVms, onHost, code);
  },
  ui: async (env) => {
    const { code, output } = await stream(['node', 'test/ui/run.mjs'], env);
    return countUi(output, code);
  },
};

await runScript(async () => {
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  const names = values.only?.split(',') ?? Object.keys(SUITES);
  const unknown = names.find((name) => !(name in SUITES));
  if (unknown !== undefined) {
    say(`--only knows ${Object.keys(SUITES).join(', ')}, not ${unknown}`);
    return 2;
  }
  await rm(REPORTS, { recursive: true, force: true });
  await mkdir(REPORTS, { recursive: true });
  const { env, stopEngine } = await setUp('test');
  const total = { passed: 0, failed: 0 };
  /** @type {string[]} what is said once more at the end, where somebody who sees only that finds it */
  const recap = [];
  try {
    const removeLeftovers = await watchLeftovers();
    try {
      await run(['node', 'esbuild.mjs'], { env });
      for (const name of names) {
        say(`\n== ${name}`);
        const began = Date.now();
        const count = await SUITES[name](env);
        const note = count.note ? ` (${count.note})` : '';
        const seconds = Math.round((Date.now() - began) / 1000);
        recap.push(`${name}: ${count.passed} passed, ${count.failed} failed${note} in ${seconds} s`);
        recap.push(...(count.failures ?? []).map((failure) => `  failed: ${failure}`));
        say(recap.findLast((line) => !line.startsWith(' ')));
        total.passed += count.passed;
        total.failed += count.failed;
      }
    } catch (error) {
      recap.push(`npm test: ${error.message}`);
      total.failed += 1;
    } finally {
      await removeLeftovers();
    }
  } finally {
    await stopEngine();
  }
  console.log(`\n${recap.join('\n')}`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
});

/**
 * @param {string} project
 * @param {NodeJS.ProcessEnv} env
 */
async function vitest(project, env) {
  const report = join(REPORTS, `${project}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { code } = await stream(['vitest', 'run', '--project', project, ...reporters], env);
  return countVitest(report, code);
}

/**
 * Runs a command, passing on what it prints and keeping it.
 * @param {string[]} argv
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ code: number, output: string }>}
 */
function stream(argv, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0], argv.slice(1), {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: SUITE_DEADLINE_MS,
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      process.stdout.write(chunk);
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, output }));
  });
}
