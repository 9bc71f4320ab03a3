import { describe, expect, test } from 'vitest';
import { foldName } from '../../../src/review/dangers/foldName';
import { countHidden } from '../../../src/review/dangers/hiddenText';
import { packageRunsOther } from '../../../src/review/dangers/packageScripts';
import { pathDangers } from '../../../src/review/dangers/pathRules';
import type { Danger } from '../../../src/review/reviewService';

const CASES: [Danger, string[]][] = [
  [
    'git',
    [
      '.git/hooks/pre-commit',
      '.git/config',
      '.gitmodules',
      'sub/.gitattributes',
      '.GITMODULES',
      'GITMOD~1',
      '.git\u200c/config',
      'bare/hooks/post-checkout',
      'assets/HEAD',
      'assets/head.',
      'assets/commondir',
    ],
  ],
  [
    'editor',
    [
      '.vscode/tasks.json',
      '.VSCODE/settings.json',
      'a/.vscode/launch.json',
      'x.code-workspace',
      '.idea/workspace.xml',
      '.v\u017fcode/tasks.json',
      'VSCODE~1/tasks.json',
      '.vscode./tasks.json',
      '.vscode::$INDEX_ALLOCATION/tasks.json',
    ],
  ],
  [
    'devcontainer',
    [
      '.devcontainer/devcontainer.json',
      '.devcontainer.json',
      '.bulkhead.json',
      'Dockerfile',
      'Dockerfile.dev',
      'dev.Dockerfile',
      'docker-compose.yml',
      'compose.override.yaml',
      'Containerfile',
    ],
  ],
  [
    'ci',
    [
      '.github/workflows/ci.yml',
      '.gitlab-ci.yml',
      '.circleci/config.yml',
      'azure-pipelines.yml',
      'Jenkinsfile',
      'ci/Jenkinsfile.release',
      'bitbucket-pipelines.yml',
      'GITHUB~1/workflows/x.yml',
    ],
  ],
  [
    'scripts',
    [
      'Makefile',
      'sub/GNUmakefile',
      'build.gradle.kts',
      'pyproject.toml',
      'setup.py',
      'build.rs',
      'composer.json',
      'Gemfile',
      '.pre-commit-config.yaml',
      '.husky/pre-push',
      'lefthook.yml',
      '.envrc',
      '.npmrc',
      'pip.conf',
      'vite.config.ts',
      'eslint.config.mjs',
      'yarn.lock',
      'conftest.py',
      'requirements-dev.txt',
      'run.ps1',
      'app.desktop',
    ],
  ],
  ['dotfile', ['.bashrc', 'a/.hidden/x', '.profile']],
];

describe('dangers by path', () => {
  for (const [danger, paths] of CASES) {
    test.each(paths)(`${danger}: %s`, (path) => {
      expect(pathDangers(path)).toContain(danger);
    });
  }

  test.each([
    'src/main.ts',
    'README.md',
    'docs/git.md',
    'vscode/readme.txt',
    'lib/config.ts',
    'package/index.js',
    'hooks/useState.ts',
    'makefile.md',
  ])('none: %s', (path) => {
    expect(pathDangers(path)).toEqual([]);
  });
});

test('names are folded as the most forgiving file system would', () => {
  const same = [
    '.git',
    '.GIT',
    '.gi\u0074',
    '.g\u200dit',
    '.git.',
    '.git ',
    '.git:stream',
    '.ｇｉｔ',
    '.G\u0130T'.replace('\u0130', 'I'),
  ];
  expect(new Set(same.map(foldName))).toEqual(new Set(['.git']));
  expect(foldName('e\u0301')).toBe(foldName('\u00e9'));
  expect(foldName('K\u212a')).toBe('kk');
  expect(['\u1e9e', '\u00df', 'SS', 'sS'].map(foldName)).toEqual(Array(4).fill('ss'));
});

test.each([
  ['a plain text\nwith\ttabs\r\n', 0],
  ['\ufeffwith a byte order mark', 0],
  ['if (user != "admin\u202e \u2066// check\u2069") {', 3],
  ['invisible\u200bspace', 1],
  ['\u{e0041}\u{e0042} tags', 2],
  ['escape \u001b[2J', 1],
  ['👩‍👩‍👧 ✔️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿', 0],
  ['x\u{fe00}\u{fe01}', 2],
])('hidden characters of %j', (text, count) => {
  expect(countHidden(text)).toBe(count);
});

test('package.json is a danger when what runs is another', () => {
  const of = (value: unknown) => Buffer.from(JSON.stringify(value));
  const before = of({ version: '1.0.0', scripts: { test: 'vitest' } });
  expect(packageRunsOther(before, of({ version: '1.0.1', scripts: { test: 'vitest' } }))).toBe(false);
  expect(packageRunsOther(before, of({ scripts: { test: 'evil' } }))).toBe(true);
  expect(packageRunsOther(before, of({ scripts: { test: 'vitest' }, dependencies: { evil: '1' } }))).toBe(
    true,
  );
  expect(packageRunsOther(before, Buffer.from('{ not json'))).toBe(true);
  expect(packageRunsOther(undefined, of({ name: 'x' }))).toBe(false);
});
