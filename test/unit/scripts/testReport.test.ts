import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
// @ts-expect-error: the scripts are plain JavaScript, which runs before anything is installed
import { addCounts, countUi, countVitest } from '../../../scripts/testReport.mjs';

it.each([
  ['all green', { numPassedTests: 5, numFailedTests: 0 }, 0, { passed: 5, failed: 0 }],
  ['a failure', { numPassedTests: 5, numFailedTests: 2 }, 1, { passed: 5, failed: 2 }],
  ['no test at all', { numPassedTests: 0, numFailedTests: 0 }, 0, { passed: 0, failed: 1 }],
  ['a file that did not load', { numPassedTests: 5, numFailedTests: 0 }, 1, { passed: 5, failed: 1 }],
  [
    'a skipped test',
    { numPassedTests: 5, numFailedTests: 0, numPendingTests: 1 },
    0,
    { passed: 5, failed: 1 },
  ],
])('vitest: %s', async (_name, report, code, expected) => {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-report-'));
  const path = join(folder, 'report.json');
  await writeFile(path, JSON.stringify(report));
  expect(await countVitest(path, code)).toMatchObject(expected);
  await rm(folder, { recursive: true });
  expect(await countVitest(path, code)).toMatchObject({ passed: 0, failed: 1 });
});

it.each([
  ['noise\nui: 7 passed, 0 failed\n', 0, { passed: 7, failed: 0 }],
  ['ui: 7 passed, 1 failed\n', 1, { passed: 7, failed: 1 }],
  ['ui: 7 passed, 0 failed\n', 1, { passed: 7, failed: 1 }],
  ['ui: 0 passed, 0 failed\n', 0, { passed: 0, failed: 1 }],
  ['crashed\n', 1, { passed: 0, failed: 1 }],
])('ui: %j with exit %i', (output, code, expected) => {
  expect(countUi(output, code)).toMatchObject(expected);
});

it('adds what two runs of one command counted, and what only the command knows', () => {
  const good = { passed: 5, failed: 0, failures: [] };
  const bad = { passed: 1, failed: 2, failures: ['a', 'b'], note: 'odd' };
  expect(addCounts(good, bad, 1)).toEqual({ passed: 6, failed: 2, failures: ['a', 'b'], note: 'odd' });
  expect(addCounts(good, good, 0)).toEqual({ passed: 10, failed: 0, failures: [] });
  expect(addCounts(good, good, 1)).toMatchObject({ passed: 10, failed: 1 });
});

it('names what failed, on a line each, and files that did not load', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-report-'));
  const path = join(folder, 'report.json');
  const testResults = [
    {
      name: '/somewhere/test/unit/a.test.ts',
      assertionResults: [
        { fullName: 'good', status: 'passed' },
        { fullName: 'bad one', status: 'failed', failureMessages: ['\x1b[31mexpected 1\n  to be 2'] },
        { fullName: 'left out', status: 'skipped' },
      ],
    },
    { name: '/somewhere/test/unit/b.test.ts', message: 'no such module', assertionResults: [] },
  ];
  await writeFile(path, JSON.stringify({ numPassedTests: 1, numFailedTests: 1, testResults }));
  expect((await countVitest(path, 1)).failures).toEqual([
    'test/unit/a.test.ts: bad one: expected 1 to be 2',
    'test/unit/a.test.ts: left out: skipped',
    'test/unit/b.test.ts: no such module',
  ]);
  await rm(folder, { recursive: true });
  const ui = 'ui: failed: a click: Error: nothing\nui: 7 passed, 1 failed\n';
  expect(countUi(ui, 1).failures).toEqual(['a click: Error: nothing']);
});
