import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findPlaces } from '../../../src/attach/findPlaces';

const found = (line: string) =>
  findPlaces(line).map(({ start, length, path, line: at, column }) => [
    line.slice(start, start + length),
    path,
    at,
    column,
  ]);

test.each<[string, ReturnType<typeof found>]>([
  ['src/main.ts:12:3 - error TS2322: x', [['src/main.ts:12:3', 'src/main.ts', 12, 3]]],
  ['src/main.ts(12,3): error TS2322', [['src/main.ts(12,3)', 'src/main.ts', 12, 3]]],
  ['./a.c:4: warning', [['./a.c:4', './a.c', 4, undefined]]],
  ['  at run (/srv/app/x.js:10:5)', [['/srv/app/x.js:10:5', '/srv/app/x.js', 10, 5]]],
  ['make: *** [Makefile:3: all] Error 1', [['Makefile:3', 'Makefile', 3, undefined]]],
  ['  File "/srv/a b.py", line 7, in f', [['File "/srv/a b.py", line 7', '/srv/a b.py', 7, undefined]]],
  ['see (docs/readme.md).', [['docs/readme.md', 'docs/readme.md', undefined, undefined]]],
  ['--- a/src/x.ts', [['a/src/x.ts', 'a/src/x.ts', undefined, undefined]]],
  ['https://example.org/a/b.html nothing 12:30 -- ... 1.5', [['1.5', '1.5', undefined, undefined]]],
])('%s', (line, places) => {
  expect(found(line)).toEqual(places);
});

test('a hostile line costs little, and every link lies in it', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom('a', '/', ':', '(', '1', ')', ' ', '.', '\x1b', ',', '"'),
        maxLength: 6000,
      }),
      (line) => {
        const places = findPlaces(line);
        expect(places.length).toBeLessThanOrEqual(12);
        for (const { start, length } of places) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(length).toBeGreaterThan(0);
          expect(start + length).toBeLessThanOrEqual(Math.min(line.length, 4000));
        }
      },
    ),
  );
  const began = performance.now();
  for (const evil of [
    '('.repeat(4000),
    'a('.repeat(2000),
    'a:'.repeat(2000),
    'a(b'.repeat(1300),
    'a(b)'.repeat(1000),
  ]) {
    findPlaces(evil);
  }
  expect(performance.now() - began).toBeLessThan(2000);
});
