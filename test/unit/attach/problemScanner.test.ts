import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PROBLEM_MATCHERS, type ProblemMatcher } from '../../../src/attach/tasks/problemMatchers';
import { PROBLEMS_MAX, ProblemScanner } from '../../../src/attach/tasks/problemScanner';

function scan(names: string[], output: string, piece = output.length || 1) {
  const matchers = names.flatMap((name) => PROBLEM_MATCHERS[name] ?? []) as ProblemMatcher[];
  const scanner = new ProblemScanner(matchers, '/work/app');
  for (let at = 0; at < output.length; at += piece) {
    scanner.push(output.slice(at, at + piece));
  }
  scanner.end();
  return scanner.found.map(({ path, line, column, severity, message, code }) =>
    [path, line, column, severity, message, ...(code === undefined ? [] : [code])].join('|'),
  );
}

test.each<[string, string, string[]]>([
  [
    '$gcc',
    'cc -c a.c\r\na.c: In function main:\r\na.c:3:5: \x1b[31merror:\x1b[0m x undeclared\r\n../lib/b.c:9: warning: old',
    ['/work/app/a.c|2|4|error|x undeclared', '/work/lib/b.c|8|0|warning|old'],
  ],
  [
    '$gcc',
    "make[1]: Entering directory '/work/app/sub'\na.c:1:1: error: x\nmake[1]: Leaving directory '/work/app/sub'\na.c:2:1: note: y\n",
    ['/work/app/sub/a.c|0|0|error|x', '/work/app/a.c|1|0|info|y'],
  ],
  [
    '$tsc',
    'src/main.ts(2,5): error TS2322: Not assignable.\nsrc/other.ts:7:1 - error TS1005: expected.\n',
    [
      '/work/app/src/main.ts|1|4|error|Not assignable.|TS2322',
      '/work/app/src/other.ts|6|0|error|expected.|TS1005',
    ],
  ],
  [
    '$tsc-watch',
    'a.ts(1,1): error TS1: old\n12:00 - File change detected. Starting incremental compilation...\nb.ts(1,1): error TS2: new\n',
    ['/work/app/b.ts|0|0|error|new|TS2'],
  ],
  [
    '$eslint-stylish',
    '\n/work/app/x.js\n  1:10  error    Unexpected  no-console\n  4:1   warning  Long line   max-len\n\n✖ 2 problems\n',
    ['/work/app/x.js|0|9|error|Unexpected|no-console', '/work/app/x.js|3|0|warning|Long line|max-len'],
  ],
  ['$eslint-compact', 'x.js: line 3, col 2, Error - Bad. (semi)', ['/work/app/x.js|2|1|error|Bad.|semi']],
  ['$go', './m.go:4:2: undefined: x\n', ['/work/app/m.go|3|1|error|undefined: x']],
  [
    '$rustc',
    'error[E0425]: no value\n  --> src/m.rs:2:5\n   |\n',
    ['/work/app/src/m.rs|1|4|error|no value|E0425'],
  ],
])('%s', (name, output, problems) => {
  expect(scan([name], output)).toEqual(problems);
  expect(scan([name], output, 1)).toEqual(problems);
});

test('hostile output: bounded, printable, absolute and clean', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '../',
      '/',
      'a.c',
      ':1:',
      ' error: ',
      '\n',
      '\x1b[31m',
      '\u202e',
      'a.c:1:1: error: ../../x\n',
      '99999999999',
    ),
    fc.constantFrom("make: Entering directory '/'\n", '(1,1): error TS1: ', '  1:1  error  x  y\n'),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const scanner = new ProblemScanner(Object.values(PROBLEM_MATCHERS), '/work');
      scanner.push(pieces.join(''));
      scanner.end();
      for (const { path, line, endLine, message } of scanner.found) {
        expect(path).toMatch(/^\/[^/]/);
        expect(path.split('/').some((part) => part === '..' || part === '.')).toBe(false);
        expect(endLine).toBeGreaterThanOrEqual(line);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
        expect(message).not.toMatch(/[\u0000-\u0008\u001b\u202a-\u202e]/);
      }
    }),
  );
});

test('a flood costs little and is cut', () => {
  const scanner = new ProblemScanner(Object.values(PROBLEM_MATCHERS), '/work');
  const began = performance.now();
  for (const evil of [' ', ':', 'a:', '(', '  1:1  error  a', '1:1 '.repeat(3), 'a-']) {
    scanner.push(`${evil.repeat(Math.floor(4000 / evil.length))}\n`);
  }
  scanner.push('x'.repeat(1_000_000));
  scanner.push('\n');
  for (let at = 0; at < 3 * PROBLEMS_MAX; at++) {
    scanner.push(`a.c:${at}:1: error: x\n`);
  }
  expect(scanner.found.length).toBe(PROBLEMS_MAX);
  expect(performance.now() - began).toBeLessThan(3000);
});
