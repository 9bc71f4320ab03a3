// How many tests of a suite passed and failed. What ran no test counts as a failure: silence is not success.
import { readFile } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';

/** @typedef {{ passed: number, failed: number, note?: string, failures?: string[] }} Count */

/** So many characters of a failure are repeated at the end of a run. */
const FAILURE_CHARACTERS = 300;

/**
 * From vitest's JSON report. A suite that could not be loaded has no failed test, only a failed exit.
 * @param {string} path
 * @param {number} code the exit code of vitest
 * @returns {Promise<Count>}
 */
export async function countVitest(path, code) {
  const report = await readFile(path, 'utf8').then(JSON.parse, () => undefined);
  if (!report) {
    return { passed: 0, failed: 1, note: 'left no report' };
  }
  // Skipped tests count as failed: there is no reason to skip one here that is not a fault.
  const skipped = (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0);
  const failures = failuresOf(report);
  return settle({ passed: report.numPassedTests, failed: report.numFailedTests + skipped, failures }, code);
}

/**
 * A line for each test that did not pass and each file that did not load.
 * @param {any} report vitest's JSON report: https://vitest.dev/guide/reporters#json-reporter
 * @returns {string[]}
 */
function failuresOf(report) {
  const lines = [];
  for (const { name = '', message, assertionResults = [] } of report.testResults ?? []) {
    const file = name.slice(name.lastIndexOf('/test/') + 1);
    const failed = assertionResults.filter(({ status }) => status !== 'passed');
    for (const { fullName, status, failureMessages = [] } of failed) {
      lines.push(shorten(`${file}: ${fullName}: ${failureMessages[0] ?? status}`));
    }
    if (failed.length === 0 && message) {
      lines.push(shorten(`${file}: ${message}`));
    }
  }
  return lines;
}

/** @param {string} text */
function shorten(text) {
  return stripVTControlCharacters(text).replace(/\s+/g, ' ').slice(0, FAILURE_CHARACTERS);
}

/**
 * From the UI runner's line `ui: N passed, N failed` and its lines `ui: failed: <name>`.
 * @param {string} output
 * @param {number} code
 * @returns {Count}
 */
export function countUi(output, code) {
  const matches = [...output.matchAll(/^ui: (\d+) passed, (\d+) failed$/gm)];
  const last = matches.at(-1);
  const failures = [...output.matchAll(/^ui: failed: (.*)$/gm)].map(([, name = '']) => shorten(name));
  return last
    ? settle({ passed: Number(last[1]), failed: Number(last[2]), failures }, code)
    : { passed: 0, failed: 1, note: 'printed no result' };
}

/**
 * Of two runs by one command.
 * @param {Count} one
 * @param {Count} other
 * @param {number} code the command's exit code
 * @returns {Count}
 */
export function addCounts(one, other, code) {
  const note = [one.note, other.note].filter(Boolean).join('; ');
  const sum = {
    passed: one.passed + other.passed,
    failed: one.failed + other.failed,
    failures: [...(one.failures ?? []), ...(other.failures ?? [])],
    ...(note !== '' && { note }),
  };
  return settle(sum, code);
}

/**
 * @param {Count} count
 * @param {number} code
 */
function settle(count, code) {
  if (count.failed === 0 && count.passed === 0) {
    return { ...count, failed: 1, note: 'ran no test' };
  }
  if (count.failed === 0 && code !== 0) {
    return { ...count, failed: 1, note: `exit ${code} though no test failed` };
  }
  return count;
}
