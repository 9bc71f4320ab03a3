import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RankedPaths, splitPlace } from '../../../src/attach/rankPaths';

function ranked(...paths: string[]): RankedPaths {
  const list = new RankedPaths();
  list.add(paths);
  return list;
}

test('the whole name comes first, then its beginning, a word in it, its letters, and the path', () => {
  const list = ranked(
    'main/other.md',
    'src/domain.ts',
    'm/a/i/n.txt',
    'src/not-main.ts',
    'main',
    'src/main.ts',
    'x',
  );
  expect(list.best('main', 10)).toEqual([
    'main',
    'src/main.ts',
    'src/not-main.ts',
    'src/domain.ts',
    'main/other.md',
    'm/a/i/n.txt',
  ]);
});

test('letters that begin words count more', () => {
  expect(ranked('lib/great-terminal-functions.ts', 'lib/go-to-file.ts').best('gtf', 10)[0]).toBe(
    'lib/go-to-file.ts',
  );
});

test('a slash asks for the path, and several words for all of them', () => {
  const list = ranked('src/a/index.ts', 'src/b/index.ts', 'test/b.ts');
  expect(list.best('b/ind', 10)).toEqual(['src/b/index.ts']);
  expect(list.best('index b', 10)).toEqual(['src/b/index.ts']);
});

test('of equals the shorter comes first; the limit is kept; nothing typed is the list as it is', () => {
  const list = ranked('deep/er/a.ts', 'a.ts', 'b.ts');
  expect(list.best('a.ts', 1)).toEqual(['a.ts']);
  expect(list.best(' ', 2)).toEqual(['deep/er/a.ts', 'a.ts']);
});

test('whatever the names are, what is found has the letters in order', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.string({ minLength: 1 }), (paths, query) => {
      for (const path of ranked(...paths).best(query, 50)) {
        for (const word of query.toLowerCase().replaceAll('\\', '/').split(/\s+/).filter(Boolean)) {
          let at = 0;
          for (const letter of word) {
            at = path.toLowerCase().indexOf(letter, at) + letter.length;
            expect(at).toBeGreaterThan(0);
          }
        }
      }
    }),
  );
});

test('a place behind a name is read as compilers print it', () => {
  expect(splitPlace('main.ts:12:3')).toEqual({ query: 'main.ts', line: 12, column: 3 });
  expect(splitPlace('main.ts(12,3)')).toEqual({ query: 'main.ts', line: 12, column: 3 });
  expect(splitPlace('main.ts:12')).toEqual({ query: 'main.ts', line: 12 });
  expect(splitPlace('main.ts:')).toEqual({ query: 'main.ts' });
  expect(splitPlace(':12')).toEqual({ query: ':12' });
});
