import { describe, expect, it, test } from 'vitest';
import {
  type BarePart,
  barePart,
  isBareRepository,
  isRepositoryName,
  isSafeHostName,
} from '../../../../src/guest/copy/hostName';

describe('a name that the guest chose', () => {
  it.each(['a', 'a b.txt', '.hidden', 'ünï→😀', '-rf', 'a:b', 'CON', 'back\\slash', 'x'.repeat(255)])(
    '%j may be a file on Linux',
    (name) => expect(isSafeHostName(name, 'linux')).toBe(true),
  );

  it.each([
    '',
    '.',
    '..',
    'a/b',
    '/etc/passwd',
    'nul\0',
    'line\nbreak',
    'tab\t',
    '\u001b[31m',
    '\u009b31m',
    'evil\u202etxt.exe',
    'not UTF-8 \ufffd',
    'x'.repeat(256),
    'ü'.repeat(128),
  ])('%j never may', (name) => {
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      expect(isSafeHostName(name, platform)).toBe(false);
    }
  });

  it.each([
    'CON',
    'nul',
    'aux.txt',
    'com1',
    'LPT9.log',
    'com¹',
    'a:b',
    'back\\slash',
    'what?',
    'a.',
    'a ',
    'conin$',
    'GIT~1',
    'vscode~2',
    'BULKHE~1.JSO',
  ])('%j may not on Windows', (name) => expect(isSafeHostName(name, 'win32')).toBe(false));

  it.each(['console', 'com10', 'nullable', 'a.b', '.gitignore', 'a~b', 'notes~', '~$doc.docx'])(
    '%j may on Windows',
    (name) => expect(isSafeHostName(name, 'win32')).toBe(true),
  );
});

test('a repository is one in every spelling that git takes for it', () => {
  for (const name of [
    '.git',
    '.GIT',
    '.Git',
    '.git.',
    '.git ',
    'GIT~1',
    '.g\u200cit',
    '.git::$INDEX_ALLOCATION',
  ]) {
    expect([name, isRepositoryName(name)]).toEqual([name, true]);
  }
  for (const name of ['.gitignore', 'git', '.github', 'x.git']) {
    expect([name, isRepositoryName(name)]).toEqual([name, false]);
  }
});

test('a folder is a repository by what is in it', () => {
  const isOne = (...names: string[]) =>
    isBareRepository(new Set(names.map(barePart).filter((part): part is BarePart => part !== undefined)));
  expect(isOne('HEAD', 'objects', 'refs', 'config')).toBe(true);
  expect(isOne('head', 'OBJECTS', 'refs.', 'x')).toBe(true);
  expect(isOne('he\u200cad', 'commondir')).toBe(true);
  expect(isOne('objects', 'refs', 'config')).toBe(false);
  expect(isOne('HEAD', 'objects', 'config')).toBe(false);
  expect(isOne('HEAD.md', 'objects', 'refs')).toBe(false);
});
