import { describe, expect, test } from 'vitest';
import { changeDangers } from '../../../src/review/dangers/changeDangers';
import { foldName } from '../../../src/review/dangers/foldName';
import { countHidden, hidesMore } from '../../../src/review/dangers/hiddenText';
import { packageRunsOther } from '../../../src/review/dangers/packageScripts';
import { pathDangers } from '../../../src/review/dangers/pathRules';
import type { HostState } from '../../../src/review/host/hostPath';
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
  ...table(
    'git',
    `hooks/update .git/hooks/fsmonitor-watchman githooks/x git-hooks/pre-push x/hooks/post-rewrite`,
  ),
  ...table(
    'installed',
    `node_modules/eslint/lib/api.js packages/a/node_modules/b/index.js venv/bin/activate lib/python3.12/site-packages/x.py
    vendor/autoload.php env/bin/python env/lib/python3.11/os.py a/env/pyvenv.cfg src/__pycache__/x.cpython-312.pyc
    Pods/Manifest.lock NODE_MODULES/x .venv/x`,
  ),
  ...table(
    'editor',
    `opencode.json crush.json mcp.json docs/CLAUDE.local.md AGENT.md AGENTS.override.md WARP.md CRUSH.md QWEN.md
    skills/x/SKILL.md claude_desktop_config.json _vimrc _exrc Session.vim rust-project.json rust-analyzer.toml hie.yaml
    analysis_options.yaml omnisharp.json compile_flags.txt app.slnx x.xcscheme`,
  ),
  ...table('devcontainer', 'docker-bake.hcl docker-bake.override.json'),
  ...table('ci', 'action.yml sub/action.yaml Jenkinsfile-release renovate.json5'),
  ...table(
    'scripts',
    `package.json5 package.yaml angular.json project.json nodemon.json jsconfig.json tslint.json dprint.json import_map.json
    apollo.config.js graphql.config.ts uno.config.ts vue.config.js rspack.config.mjs docusaurus.config.js hardhat.config.ts
    drizzle.config.ts app.config.ts ecosystem.config.cjs metro.config.js wdio.conf.ts karma.conf.js truffle-config.js
    gatsby-node.js gulpfile.babel.js codegen.yml vite.config.prod.ts tsconfig.base.json
    pylintrc mypy.ini docs/conf.py gunicorn.conf.py jupyter_server_config.py ipython_config.py dodo.py locustfile.py
    cabal.project.local Setup.hs build.zig lakefile.lean config.nims nim.cfg x.nimble pubspec.yaml
    CMakeUserPresets.json cmake-kits.json cmake-variants.yaml compile_commands.json xmake.lua vcpkg.json conanfile.txt
    meson.options meson_options.txt plugins.sbt build.mill build.sc buildSrc/src/main/kotlin/X.kt deps.edn user.clj project.clj
    App.xcodeproj/project.pbxproj Debug.xcconfig x.pyproj Directory.Build.rsp x.tt build.cake latexmkrc book.toml _config.yml
    _quarto.yml mise.local.toml mise.toml .mise.toml devbox.json devenv.yaml pixi.toml environment.yml
    Taskfile.dist.yml Makefile.am Makefile.PL Build.PL aclocal.m4 autogen.sh configure.in build.ninja Jamfile Earthfile
    Tiltfile Snakefile PKGBUILD debian/rules tools/bazel lefthook.toml lefthook.json .lefthook.yml lefthook-local.yaml
    captainhook.json grumphp.yml Procfile.dev cdk.json wrangler.toml firebase.json ansible.cfg
    phpunit.xml phpunit.xml.dist phpstan.neon psalm.xml.dist rector.php castor.php RoboFile.php config.ru Dangerfile Berksfile
    Thorfile cpanfile renv/activate.R x.opam dune-workspace rebar.config.script mix.lock config/runtime.exs shard.yml dub.json
    x.rockspec foundry.toml alire.toml x.gpr x.psd1 x.vbe x.sct x.library-ms desktop.ini x.scpt x.terminal x.inetloc x.webloc
    x.timer .bundle/config build.sbt`,
  ),
  ...table(
    'executable',
    'x.exe x.com x.dll x.msi x.pif x.cpl x.msc x.jar x.pyd x.node libx.so libx.so.1.2 x.dylib X.AppImage',
  ),
];

/** Paths as they stand in a table. */
function table(danger: Danger, paths: string): [Danger, string[]][] {
  return [[danger, paths.trim().split(/\s+/)]];
}

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
    'src/env/index.ts',
    'src/config.ts',
    'src/overhead.c',
    'src/refs/objects.ts',
    'docs/exe.md',
    'src/hooks/useUpdate.ts',
    'app/models/vendors.rb',
    'lib/build/output.txt',
    'main.tf',
    'script.fsx',
    'biome.json',
    'test/fixtures/data.json',
    'config/settings.toml',
    'cmd/agent/main.go',
    'index.html',
    'styles/app.css',
    'images/logo.png',
    'locale/fa.po',
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
  ['\u00a9\u{e0041}\u{e0042}', 2],
  ['\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}', 4],
  ['\u2714\ufe0f\ufe0f', 1],
  ['\u00a9\u200d\u00a9', 1],
  ['1\ufe0f\u20e3 \u{1f44d}\u{1f3fd}', 0],
  ['// comment\revil()', 1],
  ['a\r\nb\r\n', 0],
  ['\u2800\ufff0\ufff8\u{1bca0}\u{1bca3}\u{1d173}\u{1d17a}\u{13437}', 8],
  ['\u06dd\u0600', 0],
])('hidden characters of %j', (text, count) => {
  expect(countHidden(text)).toBe(count);
});

describe('text that hides something', () => {
  const file = (content: Buffer) => ({
    type: 'file' as const,
    mode: 0o644,
    size: content.length,
    sha256: String(content),
  });
  const dangersOf = (path: string, before: string | Buffer | undefined, after: string | Buffer) => {
    const [old, now] = [before === undefined ? undefined : Buffer.from(before), Buffer.from(after)];
    const host: HostState = old ? file(old) : { type: 'absent' };
    return changeDangers({ path, guest: file(now), host, before: old, after: now });
  };

  test('is told line by line: what goes elsewhere makes up for nothing', () => {
    const persian = '\u0645\u06cc\u200c\u062e';
    const before = `a ${persian}\nb\nc\n`;
    expect(dangersOf('a.ts', before, `a ${persian}\nB\nc\n`)).toEqual([]);
    expect(dangersOf('a.ts', before, `a ${persian}\r\nb\r\nc\r\n`)).toEqual([]);
    expect(dangersOf('a.ts', before, 'a\nb\nc \u202e\n')).toEqual(['text']);
    expect(dangersOf('a.ts', before, `a ${persian}\na ${persian}\n`)).toEqual(['text']);
    expect(dangersOf('a.ts', '\u200c\u200c\n', '\u202e\u2066\n')).toEqual(['text']);
    expect(dangersOf('a.ts', undefined, '\ufeffplain \u{1f468}\u200d\u{1f469}\u200d\u{1f467}\n')).toEqual([]);
  });

  test('is source with a NUL, and text that becomes "binary"', () => {
    const nul = '/*\0*/start(); evil(); /*\u202e*/';
    expect(dangersOf('src/a.js', 'start();', nul)).toEqual(['text']);
    expect(dangersOf('src/a.js', undefined, nul)).toEqual(['text']);
    expect(dangersOf('SRC/A.JS.', undefined, nul)).toEqual(['text']);
    expect(dangersOf('notes', 'text', 'te\0xt')).toEqual(['text']);
    expect(dangersOf('tool', undefined, '#!/bin/sh\n\0')).toEqual(['text']);
    expect(dangersOf('Makefile', undefined, 'all:\n\0')).toEqual(['scripts', 'text']);
    expect(dangersOf('logo.png', undefined, 'PNG\0')).toEqual([]);
    expect(dangersOf('logo.png', 'PNG\0', 'PNG\0\0')).toEqual([]);
    expect(dangersOf('a.js', undefined, `${'x'.repeat(9000)}\0`)).toEqual(['text']);
  });

  test('is found in bounded time, however much there is of it', () => {
    const many = Buffer.from('\u200b'.repeat(20_000_000));
    expect(hidesMore(undefined, many)).toBe(true);
    const lines = Buffer.from('\u200bx\n'.repeat(1_000_000));
    expect(hidesMore(lines, lines)).toBe(true);
    const emoji = Buffer.from('\u2714\ufe0f'.repeat(800_000));
    expect(hidesMore(emoji, emoji)).toBe(true);
    const some = Buffer.from('\u200bx\n\u2714\ufe0f\n'.repeat(1_000));
    expect(hidesMore(some, some)).toBe(false);
  });
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
  for (const key of [
    'trustedDependencies',
    'ghooks',
    'wireit',
    'nodemonConfig',
    'prisma',
    'commitlint',
    'stylelint',
    'xo',
    'ava',
    'mocha',
    'nyc',
    'c8',
    'postcss',
    'remarkConfig',
    'ts-node',
    'imports',
    'exports',
    'catalog',
  ]) {
    expect([key, packageRunsOther(before, of({ scripts: { test: 'vitest' }, [key]: { x: 'y' } }))]).toEqual([
      key,
      true,
    ]);
  }
  expect(
    packageRunsOther(before, of({ scripts: { test: 'vitest' }, description: 'x', keywords: ['y'] })),
  ).toBe(false);
});
