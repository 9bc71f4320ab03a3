import { describe, expect, it } from 'vitest';
import { parseExcludes } from '../../../src/guest/exclude';

describe('parseExcludes', () => {
  const cases: [string[], string, boolean][] = [
    [['node_modules'], 'node_modules', true],
    [['node_modules'], 'a/b/node_modules/c/d', true],
    [['node_modules/'], 'a/node_modules', true],
    [['node_modules'], 'my_node_modules', false],
    [['/dist'], 'dist/x', true],
    [['/dist'], 'a/dist', false],
    [['docs/build'], 'docs/build/x', true],
    [['docs/build'], 'a/docs/build', false],
    [['*.log'], 'a/b.log', true],
    [['*.log'], 'a/b.logs', false],
    [['a/**/z'], 'a/z', true],
    [['a/**/z'], 'a/b/c/z', true],
    [['a/**/z'], 'a/b/c/y', false],
    [['**/tmp'], 'x/tmp/y', true],
    [['a/**'], 'a/b', true],
    [['?.c'], 'x.c', true],
    [['*.log', '!keep.log'], 'a/keep.log', false],
    [['build', '!build/keep'], 'build/keep/x', false],
    [['build', '!build/keep'], 'build/other', true],
    [['[ab]'], 'a', false],
    [['[ab]'], '[ab]', true],
    [[''], 'a', false],
  ];
  it.each(cases)('%j on %s: %s', (patterns, path, expected) => {
    expect(parseExcludes(patterns).excludes(path)).toBe(expected);
  });

  it('takes linear time whatever the pattern', () => {
    const { excludes } = parseExcludes([`${'*a'.repeat(200)}b`, `${'**/a/'.repeat(100)}b`]);
    expect(excludes(`${'a'.repeat(250)}c`)).toBe(false);
    expect(excludes(`${'a/'.repeat(100)}c`)).toBe(false);
  });

  it('refuses lists that are too long', () => {
    expect(() => parseExcludes(Array(501).fill('a'))).toThrow(/too long/);
  });
});
