import { expect, test } from 'vitest';
import { readTaskDefinition } from '../../../src/attach/taskDefinition';

const FOLDER = '/workspace/app';
const read = (definition: Record<string, unknown>) => readTaskDefinition(definition, FOLDER);

test('without args the command is a line for the shell', () => {
  expect(read({ type: 'bulkhead', command: 'npm test | tee log' })).toEqual({
    command: { script: 'npm test | tee log' },
    cwd: FOLDER,
    env: {},
    problems: [],
  });
});

test('with args, even none, it is run as it is', () => {
  expect(read({ command: 'echo', args: ['$HOME', 'a b'] }).command).toEqual({
    argv: ['echo', '$HOME', 'a b'],
  });
  expect(read({ command: 'my prog', args: [] }).command).toEqual({ argv: ['my prog'] });
});

test.each([
  [undefined, '/workspace/app'],
  ['sub', '/workspace/app/sub'],
  ['..', '/workspace'],
  ['/tmp', '/tmp'],
  ['../../../..', '/'],
])('cwd %j is %j', (cwd, expected) => {
  expect(read({ command: 'x', ...(cwd !== undefined && { cwd }) }).cwd).toBe(expected);
});

test.each([
  ['command', {}],
  ['command', { command: '' }],
  ['command', { command: 7 }],
  ['args', { command: 'x', args: 'a' }],
  ['args', { command: 'x', args: [1] }],
  ['cwd', { command: 'x', cwd: 1 }],
  ['env', { command: 'x', env: { A: 1 } }],
  ['env', { command: 'x', env: [] }],
  ['NUL', { command: 'x', args: ['a\0b'] }],
  ['NUL', { command: 'x', env: { A: 'a\0' } }],
])('names what is wrong with %j', (key, definition) => {
  expect(() => read(definition)).toThrow(key);
});

test('problems are a name or a list of names', () => {
  expect(read({ command: 'x', problems: '$gcc' }).problems).toEqual(['$gcc']);
  expect(read({ command: 'x', problems: ['$gcc', '$tsc'] }).problems).toEqual(['$gcc', '$tsc']);
  expect(() => read({ command: 'x', problems: [7] })).toThrow('"problems"');
});
