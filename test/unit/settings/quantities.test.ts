import { describe, expect, it } from 'vitest';
import { DURATION_PATTERN, parseDuration, parseSize, SIZE_PATTERN } from '../../../src/settings/quantities';

describe('parseSize', () => {
  it.each([
    ['512mb', 512 * 1024 ** 2],
    ['2gb', 2 * 1024 ** 3],
    ['1.5gb', 1.5 * 1024 ** 3],
    ['2GiB', 2 * 1024 ** 3],
    ['1g', 1024 ** 3],
    ['10 kb', 10_240],
    ['1tb', 1024 ** 4],
    ['4096', 4096],
    ['4096b', 4096],
    [4096, 4096],
  ])('reads %s', (size, bytes) => {
    expect(parseSize(size)).toBe(bytes);
    expect(typeof size === 'number' || new RegExp(SIZE_PATTERN).test(size)).toBe(true);
  });

  it.each([
    '',
    'lots',
    'gb',
    '-1gb',
    '2 gigs',
    '1e9',
    '2gb ',
    '0x10',
    '1.gb',
    '9'.repeat(400),
    -1,
    1.5,
    2 ** 60,
  ])('refuses %s', (size) => {
    expect(parseSize(size)).toBeUndefined();
  });
});

describe('parseDuration', () => {
  it.each([
    ['90s', 90_000],
    ['30m', 1_800_000],
    ['1h', 3_600_000],
    ['1.5h', 5_400_000],
    ['2d', 172_800_000],
  ])('reads %s', (duration, ms) => {
    expect(parseDuration(duration)).toBe(ms);
    expect(new RegExp(DURATION_PATTERN).test(duration)).toBe(true);
  });

  it.each(['', '30', 'm', '-1m', '1h30m', 'soon', '30 minutes'])('refuses %s', (duration) => {
    expect(parseDuration(duration)).toBeUndefined();
  });
});
