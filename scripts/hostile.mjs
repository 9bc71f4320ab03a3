// `npm run test:hostile [-- <vitest arguments>]`: runs the attacks and prints each with its outcome. Those on real VMs
// (`*.engine.test.ts`) run one file after the other; those on the host's side alone run beside them. With `--reports <folder>`
// vitest's own reports go there, `hostile.json` and `hostile-host.json`; the outcomes stay in .cache/hostile-report.json. The exit
// code is 0 only if every attack that ran was held, and all of them ran.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { declaredAttacks } from './attacks.mjs';

/** Projects of vitest.config.ts. */
const PROJECTS = ['hostile', 'hostile-host'];

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  options: { reports: { type: 'string' } },
  allowPositionals: true,
});
const folder = await mkdtemp(join(tmpdir(), 'bulkhead-hostile-'));
const report = join(folder, 'report.ndjson');
const codes = await Promise.all(PROJECTS.map(vitest));

/** @typedef {{ id: string, from: string, tries: string, outcome: string, held: boolean }} Outcome */
/** @type {Map<string, Outcome>} the last that was said of each */
const said = new Map();
for (const line of (await readFile(report, 'utf8').catch(() => '')).split('\n').filter(Boolean)) {
  const outcome = JSON.parse(line);
  said.set(outcome.id, outcome);
}
await rm(folder, { recursive: true });
const declared = await declaredAttacks(root);
const order = new Map(declared.map(({ id }, index) => [id, index]));
const outcomes = [...said.values()].sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
if (outcomes.length > 0) {
  await mkdir(join(root, '.cache'), { recursive: true });
  await writeFile(join(root, '.cache/hostile-report.json'), `${JSON.stringify(outcomes, undefined, 2)}\n`);
}
const width = Math.max(0, ...outcomes.map(({ id }) => id.length));
for (const { id, from, outcome, held } of outcomes) {
  console.log(`${held ? 'held  ' : 'FAILED'} ${from.padEnd(10)} ${id.padEnd(width)}  ${oneLine(outcome)}`);
}
const held = outcomes.filter((outcome) => outcome.held).length;
const missing = positionals.length > 0 ? [] : declared.filter(({ id }) => !said.has(id));
for (const { id, file } of missing) {
  console.log(`NOT RUN           ${id} (${file})`);
}
console.log(
  `${outcomes.length} attacks: ${held} held, ${outcomes.length - held} did not, ${missing.length} not run`,
);
const all = outcomes.length > 0 && held === outcomes.length && missing.length === 0;
process.exitCode = all && codes.every((code) => code === 0) ? 0 : 1;

/** @param {string} text */
function oneLine(text) {
  return stripVTControlCharacters(text).replace(/\s+/g, ' ').slice(0, 160);
}

/**
 * @param {string} project
 * @returns {Promise<number>} its exit code
 */
function vitest(project) {
  const reporters = values.reports
    ? [
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${join(values.reports, `${project}.json`)}`,
      ]
    : [];
  // Named files may all be of the other project.
  const some = positionals.length > 0 ? ['--passWithNoTests', ...positionals] : [];
  const args = ['run', '--project', project, ...reporters, ...some];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...args], {
      cwd: root,
      env: { ...process.env, BULKHEAD_HOSTILE_REPORT: report },
      stdio: 'inherit',
    });
    child.once('error', reject);
    child.once('close', (exit) => resolve(exit ?? -1));
  });
}
