import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { HostFolder } from '../../../src/guest/copy/hostFolder';
import { gitSettings } from '../../../src/review/dangers/gitSettings';
import { LeadingNames } from '../../../src/review/dangers/leadingNames';
import { hostLeads } from '../../../src/review/host/hostLeads';
import { Gate, LocalGuest } from './localGuest';

let local: LocalGuest;
let home: string;
const before = { HOME: process.env['HOME'], XDG_CONFIG_HOME: process.env['XDG_CONFIG_HOME'] };
beforeAll(async () => {
  local = await LocalGuest.make();
});
afterAll(() => local.dispose());
beforeEach(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-home-')));
  process.env['HOME'] = home;
  delete process.env['XDG_CONFIG_HOME'];
});
afterEach(async () => {
  await rm(home, { recursive: true });
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) {
      delete process.env[name];
    } else {
      process.env[name] = value;
    }
  }
});

async function initIn(host: string, config = ''): Promise<void> {
  execFileSync('git', ['init', '-q', host]);
  await appendFile(join(host, '.git/config'), config);
}

async function dangersOf(gate: Gate): Promise<Record<string, string[]>> {
  const { changes } = await gate.review();
  return Object.fromEntries(changes.map(({ path, dangers }) => [path, dangers]));
}

describe('a change has the dangers of the names that lead to it', () => {
  test('links of the folder, over several links, and to where nothing is yet', async () => {
    const gate = await Gate.of(local, {
      '.vscode': { link: 'ide' },
      ide: { link: 'tools/ide' },
      'tools/ide/x.txt': 'x',
      'AGENTS.md': { link: 'docs/team.txt' },
      'docs/team.txt': 'be nice\n',
      '.husky': { link: './later' },
      'docs/other.txt': 'o',
    });
    await gate.inGuest({
      'tools/ide/tasks.json': '{}',
      'docs/team.txt': 'evil\n',
      'docs/other.txt': 'p',
      'later/pre-push': 'evil',
    });
    expect(await dangersOf(gate)).toEqual({
      'docs/other.txt': [],
      'docs/team.txt': ['editor'],
      'later/pre-push': ['scripts', 'dotfile'],
      'tools/ide/tasks.json': ['editor', 'dotfile'],
    });
    expect(await gate.change('docs/team.txt')).toMatchObject({ reachedAs: 'AGENTS.md' });
  });

  test('a link that the guest adds in the same look counts for what is behind it', async () => {
    const gate = await Gate.of(local, { 'ide/x.txt': 'x' });
    await gate.inGuest({ '.vscode': { link: 'ide' }, 'ide/tasks.json': '{}' });
    expect(await dangersOf(gate)).toMatchObject({ 'ide/tasks.json': ['editor', 'dotfile'] });
  });

  test('links of .git, and what git’s settings name', async () => {
    const gate = await Gate.of(
      local,
      {
        'scripts/check.sh': 'true\n',
        'githooks/pre-push': 'true\n',
        'shared.gitconfig': '[diff "x"]\n\ttextconv = tools/show.py\n',
        'tools/clean.py': '',
        'tools/show.py': '',
        'tools/other.py': '',
        'src/clean': 'a word of the command',
      },
      {
        prepare: async (host) => {
          await initIn(
            host,
            '[core]\n\thooksPath = "githooks" ; ours\n[include]\n\tpath = ../shared.gitconfig\n[filter "f"]\n\tclean = python3 tools/clean.py --clean %f\n[user]\n\tname = tools\n',
          );
          execFileSync('ln', ['-s', '../../scripts/check.sh', join(host, '.git/hooks/pre-commit')]);
        },
      },
    );
    await gate.inGuest({
      'scripts/check.sh': 'evil\n',
      'githooks/pre-push': 'evil\n',
      'shared.gitconfig': 'evil\n',
      'tools/clean.py': 'evil',
      'tools/show.py': 'evil',
      'tools/other.py': 'o',
      'src/clean': 'o',
    });
    const git = ['git', 'dotfile'];
    expect(await dangersOf(gate)).toEqual({
      'githooks/pre-push': git,
      'scripts/check.sh': git,
      'shared.gitconfig': git,
      'src/clean': [],
      'tools/clean.py': git,
      'tools/other.py': [],
      'tools/show.py': git,
    });
  });

  test('settings of the user, a .git that leads elsewhere, a hooks folder outside with links back', async () => {
    const gate = await Gate.of(local, { 'ci/a': 'a', 'hooks2/b': 'b', 'c/d': 'd' });
    const outside = join(home, 'hooks');
    await mkdir(outside);
    execFileSync('ln', ['-s', join(gate.host, 'ci/a'), join(outside, 'post-checkout')]);
    await initIn(join(home, 'real'), `[core]\n\thooksPath = ${outside}\n`);
    await writeFile(join(gate.host, '.git'), `gitdir: ${join(home, 'real/.git')}\n`);
    await writeFile(join(home, '.gitconfig'), '[core]\n\thooksPath = hooks2\n');
    await gate.inGuest({ 'ci/a': 'A', 'hooks2/b': 'B', 'c/d': 'D' });
    expect(await dangersOf(gate)).toMatchObject({
      'ci/a': ['git', 'dotfile'],
      'hooks2/b': ['git', 'dotfile'],
      'c/d': [],
    });
  });

  test('a package linked into node_modules is source like any other', async () => {
    const gate = await Gate.of(local, {
      'packages/a/index.js': 'a',
      'node_modules/a': { link: '../packages/a' },
      'node_modules/.bin/a': { link: '../../packages/a/index.js' },
    });
    await gate.inGuest({ 'packages/a/index.js': 'b' });
    expect(await dangersOf(gate)).toEqual({ 'packages/a/index.js': [] });
  });
});

test('another program in an executable file is a danger, whichever side has the bit', async () => {
  const gate = await Gate.of(local, {
    'run.sh': { script: 'true\n' },
    'was.sh': { script: 'true\n' },
    'same.sh': { script: 'true\n' },
  });
  await gate.inGuest({ 'run.sh': { script: 'evil\n' } });
  await rm(join(gate.workspace, 'was.sh'));
  await gate.inGuest({ 'was.sh': 'evil\n' });
  await rm(join(gate.workspace, 'same.sh'));
  await gate.inGuest({ 'same.sh': 'true\n' });
  expect(await dangersOf(gate)).toEqual({
    'run.sh': ['executable'],
    'same.sh': [],
    'was.sh': ['executable'],
  });
});

test('leads are bounded: links in circles end, too many are told', async () => {
  const loops = new LeadingNames([
    { name: 'a', to: '' },
    { name: 'b', to: 'a' },
    { name: '.vscode', to: 'b/ide' },
  ]);
  expect(loops.of('ide/tasks.json')).toEqual({
    names: ['a/ide/tasks.json', 'b/ide/tasks.json', '.vscode/tasks.json'],
    isPartial: false,
  });
  const many = Array.from({ length: 5_000 }, (_each, index) => ({ name: `l${index}`, to: '' }));
  const { names, isPartial } = new LeadingNames(many).of('x');
  expect(isPartial).toBe(true);
  expect(names.length).toBeLessThan(100);
});

test('a change with more names than are looked at is no ordinary one', async () => {
  const gate = await Gate.of(local, { 'x.txt': 'x' });
  const links = Array.from({ length: 80 }, (_each, index) => [`l${index}`, { link: 'x.txt' }] as const);
  await gate.inGuest({ ...Object.fromEntries(links), 'x.txt': 'y' });
  expect((await gate.change('x.txt')).dangers).toEqual(['symlink']);
});

test('links that lead out of the folder lead nowhere in it', async () => {
  const gate = await Gate.of(local, {
    out: { link: '/etc' },
    up: { link: '../../x' },
    dot: { link: '.' },
    'sub/up': { link: '..' },
  });
  const root = await HostFolder.open(gate.host);
  const { leads } = await hostLeads(root, undefined);
  await root.close();
  expect(leads.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
    { name: 'dot', to: '' },
    { name: 'sub/up', to: '' },
  ]);
});

test('git’s settings are read as git reads them', () => {
  const text = [
    '\ufeff[CORE]',
    'hooksPath = "a b" # here',
    ' fsmonitor = ./watch\\',
    'man --x',
    '[core "sub"] hooksPath = no',
    '[includeIf "gitdir:~/x/"] path = ~/y',
    '[alias] st = status -s',
    'run = "!sh tools/run.sh; echo \\"x\\""',
    '[filter "a.b"]',
    'process = git-lfs filter-process',
    '[remote "origin"] url = ../tools/x',
  ].join('\n');
  expect(gitSettings(text)).toEqual({
    hookFolders: ['a b'],
    includes: ['~/y'],
    paths: ['./watchman', 'tools/run.sh', 'echo', 'x', 'filter-process'],
  });
});
