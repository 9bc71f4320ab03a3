import { describe, expect, test } from 'vitest';
import { guestPathOf, isWithin, machineIdOf } from '../../../src/attach/machineUri';

const uri = (path: string, authority = 'node-1a2b', scheme = 'bulkhead') => ({ scheme, authority, path });

describe('machineIdOf', () => {
  test('is the authority of a bulkhead URI', () => {
    expect(machineIdOf(uri('/workspace'))).toBe('node-1a2b');
  });
  test.each(['', 'Upper', 'a.b', 'a/b', '../x', 'a@b', 'x'.repeat(64)])('refuses %j', (authority) => {
    expect(machineIdOf(uri('/', authority))).toBeUndefined();
  });
  test('knows no other scheme', () => {
    expect(machineIdOf(uri('/', 'a', 'file'))).toBeUndefined();
  });
});

describe('guestPathOf', () => {
  test.each([
    ['/workspace/a b', '/workspace/a b'],
    ['/workspace/', '/workspace'],
    ['/', '/'],
    ['', '/'],
    ['//', '/'],
  ])('%j is %j', (path, expected) => {
    expect(guestPathOf(uri(path))).toBe(expected);
  });
  test.each(['relative', '/with\0nul'])('refuses %j', (path) => {
    expect(guestPathOf(uri(path))).toBeUndefined();
  });
});

test.each([
  ['/a', '/a', true],
  ['/a', '/a/b', true],
  ['/a', '/ab', false],
  ['/a/b', '/a', false],
  ['/', '/etc', true],
])('isWithin(%j, %j) is %j', (folder, path, expected) => {
  expect(isWithin(folder, path)).toBe(expected);
});
