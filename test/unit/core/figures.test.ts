import { expect, test } from 'vitest';
import { binarySize, formatPercent, formatRate } from '../../../src/core/figures';

test('bytes in powers of 1024', () => {
  expect([0, 1023, 1024, 1536, 2 ** 30, 150 * 2 ** 20 + 1].map(binarySize)).toEqual([
    '0 B',
    '1023 B',
    '1 KiB',
    '1.5 KiB',
    '1 GiB',
    '150 MiB',
  ]);
});

test('rates and percent', () => {
  expect(formatRate(1535.7)).toBe('1.5 KiB/s');
  expect([0, 0.04, 0.44, 9.94, 9.96, 12.4, 200].map(formatPercent)).toEqual([
    '0%',
    '0%',
    '0.4%',
    '9.9%',
    '10%',
    '12%',
    '200%',
  ]);
});
