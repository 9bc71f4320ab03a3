// `npm run test:hostile [-- <vitest arguments>]`: runs the attacks and prints each with its outcome. With `--json <file>`
// vitest's own report goes there; the outcomes stay in .cache/hostile-report.json. The exit code is 0 only if every attack that ran was held, and all of them ran.
import { spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { declaredAttacks } from './attacks.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  options: { json: { type: 'string' } },
  allowPositionals: true,
});
const folder = await mkdtemp(join(tmpdir(), 'bulkhead-hostile-'));
const report = join(folder, 'report.json');
const reporters = values.json
  ? ['--reporter=default', '--reporter=json', `--outputFile.json=${values.json}`]
  : [];
const code = await vitest(['run', '--project', 'hostile', ...reporters, ...positionals]);

/** @type {{ id: string, from: string, tries: string, outcome: string, held: boolean }[]} */
const outcomes = JSON.parse(await readFile(report, 'utf8').catch(() => '[]'));
if (outcomes.length > 0) {
  await mkdir(join(root, '.cache'), { recursive: true });
  await copyFile(report, join(root, '.cache/hostile-report.json'));
}
await rm(folder, { recursive: true });
const declared = await declaredAttacks(root);
const order = new Map(declared.map(({ id }, index) => [id, index]));
outcomes.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
const width = Math.max(0, ...outcomes.map(({ id }) => id.length));
for (const { id, from, outcome, held } of outcomes) {
  console.log(`${held ? 'held  ' : 'FAILED'} ${from.padEnd(10)} ${id.padEnd(width)}  ${oneLine(outcome)}`);
}
const held = outcomes.filter((outcome) => outcome.held).length;
const missing = positionals.length > 0 ? [] : declared.filter(({ id }) => !outcomes.some((o) => o.id === id));
for (const { id, file } of missing) {
  console.log(`NOT RUN           ${id} (${file})`);
}
console.log(
  `${outcomes.length} attacks: ${held} held, ${outcomes.length - held} did not, ${missing.length} not run`,
);
process.exitCode = code === 0 && held === outcomes.length && missing.length === 0 ? 0 : 1;

/** @param {string} text */
function oneLine(text) {
  return stripVTControlCharacters(text).replace(/\s+/g, ' ').slice(0, 160);
}

/**
 * @param {string[]} args
 * @returns {Promise<number>}
 */
function vitest(args) {
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
