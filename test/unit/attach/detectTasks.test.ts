import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeTargets, packageScripts } from '../../../src/attach/tasks/detectTasks';

test('the scripts of a package.json', () => {
  const text = JSON.stringify({
    scripts: { build: 'tsc', 'test:unit': 'vitest', start: 'node .', bad: 7, '-x': 'y', 'a\nb': 'z' },
  });
  expect(packageScripts(text, 'npm', 'web')).toEqual([
    {
      name: 'npm: build - web',
      command: 'npm',
      args: ['run', 'build'],
      cwd: 'web',
      group: 'build',
      problems: ['$tsc', '$eslint-stylish'],
    },
    {
      name: 'npm: test:unit - web',
      command: 'npm',
      args: ['run', 'test:unit'],
      cwd: 'web',
      group: 'test',
      problems: ['$tsc', '$eslint-stylish'],
    },
    {
      name: 'npm: start - web',
      command: 'npm',
      args: ['run', 'start'],
      cwd: 'web',
      problems: ['$tsc', '$eslint-stylish'],
    },
  ]);
  for (const broken of ['', '[]', 'null', '{"scripts":[1]}', '{"scripts":"x"}', '{']) {
    expect(packageScripts(broken, 'npm')).toEqual([]);
  }
});

test('the explicit targets of a makefile', () => {
  const text = [
    'CC := gcc',
    'X = a:b',
    'FLAGS += x',
    '.PHONY: all clean',
    'all: main.o other.o',
    'main.o other.o: %.o: %.c',
    '%.o: %.c',
    '\tcc: -c $<',
    '$(OUT): all',
    'clean::',
    'long: a \\',
    '  tail: x',
    '# note: no',
    'ifeq ($(A),b:c)',
    'test: ; ./run',
    'all: again',
  ].join('\n');
  expect(makeTargets(text).map(({ name, group }) => [name, group])).toEqual([
    ['make: all', 'build'],
    ['make: main.o', undefined],
    ['make: other.o', undefined],
    ['make: clean', undefined],
    ['make: long', undefined],
    ['make: test', 'test'],
  ]);
});

test('hostile files: bounded, and no name is an option', () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom('a', '-', ':', '\n', ' ', '=', '.', '\\', '\t', '$'),
        maxLength: 300,
      }),
      (text) => {
        for (const { args } of makeTargets(text)) {
          expect(args[0]).toMatch(/^[A-Za-z0-9_]/);
        }
      },
    ),
  );
  const many = JSON.stringify({
    scripts: Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`s${n}`, 'x'])),
  });
  expect(packageScripts(many, 'npm').length).toBe(100);
});

test('a script or a folder puts no icon, link or second line into the pick; the command gets its exact name', () => {
  const [task] = packageScripts(
    JSON.stringify({ scripts: { '$(verified) [safe](command:x)': 'x' } }),
    'npm',
    'a$(trash)\u202e\nb',
  );
  expect(task).toMatchObject({
    name: 'npm: $\u2060(verified) [safe]\u2060(command:x) - a$\u2060(trash) b',
    args: ['run', '$(verified) [safe](command:x)'],
    cwd: 'a$(trash)\u202e\nb',
  });
});
