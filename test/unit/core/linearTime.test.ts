import { expect, test } from 'vitest';
import { LINEAR_CASES, runLinearCase } from './linearCases';

test.for(Object.entries(LINEAR_CASES))('%s: time is linear', { timeout: 120_000 }, async ([, each]) => {
  expect(await runLinearCase(each)).toBe('done\n');
});
