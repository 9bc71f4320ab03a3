import { expect, test } from 'vitest';
import { expandBraces, scopeFilter, splitPatterns } from '../../../src/guest/searchQuery';

const scope = (include: string[], exclude: string[]) =>
  scopeFilter({ include, exclude, useIgnoreFiles: true });

test('patterns match names at any depth, paths from the folder, and all that is below', () => {
  const counts = scope(['*.{ts,tsx}', 'docs', './src/api'], ['**/node_modules', '*.test.ts']);
  expect(['a.ts', 'x/y.tsx', 'docs/a/b.md', 'src/api/z.txt'].map(counts)).toEqual([true, true, true, true]);
  expect(
    ['a.js', 'node_modules/a.ts', 'x/node_modules/y/a.ts', 'x/a.test.ts', 'x/src/api/z.txt'].map(counts),
  ).toEqual([false, false, false, false, false]);
});

test('no pattern takes everything', () => {
  expect(scope([], [])('any/thing')).toBe(true);
});

test('a comma in braces does not separate patterns', () => {
  expect(splitPatterns(' *.{a,b} , src/** ,,x ')).toEqual(['*.{a,b}', 'src/**', 'x']);
});

test('braces are alternatives, bounded', () => {
  expect(expandBraces('a{b,c}d{e,f}')).toEqual(['abde', 'abdf', 'acde', 'acdf']);
  expect(expandBraces('a{b')).toEqual(['a{b']);
  expect(expandBraces('{a,b}'.repeat(30)).length).toBeLessThan(200);
});
