// How many tests of a suite passed and failed. What ran no test counts as a failure: silence is not success.
import { readFile } from 'node:fs/promises';

/** @typedef {{ passed: number, failed: number, note?: string }} Count */

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
  return settle({ passed: report.numPassedTests, failed: report.numFailedTests + skipped }, code);
}

/**
 * From the UI runner's line `ui: N passed, N failed`.
 * @param {string} output
 * @param {number} code
 * @returns {Count}
 */
export function countUi(output, code) {
  const matches = [...output.matchAll(/^ui: (\d+) passed, (\d+) failed$/gm)];
  const last = matches.at(-1);
  return last
    ? settle({ passed: Number(last[1]), failed: Number(last[2]) }, code)
    : { passed: 0, failed: 1, note: 'printed no result' };
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
