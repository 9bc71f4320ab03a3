import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, chmod, lstat, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { Gate, LocalGuest } from '../../unit/review/localGuest';
import { attack } from '../attack';
import { gitInit } from './git';

let local: LocalGuest;
beforeAll(async () => {
  local = await LocalGuest.make();
});
afterAll(() => local.dispose());

attack(
  {
    id: 'review-bare-repository',
    from: 'guest',
    tries:
      'Repositories that are not called .git: HEAD, objects, refs and a config with a program for git in a folder of assets; a linked one by commondir; a config beside a HEAD that the folder has already.',
    holds:
      'All in such a folder is blocked, whatever is ticked, what this computer has and what the guest has counted together; a HEAD alone needs a tick.',
    promise: 'review-gate',
  },
  async () => {
    const proof = join(local.scratch, 'git-ran');
    const config = `[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = "../assets"\n\tfsmonitor = "touch ${proof};"\n`;
    const ref = 'ref: refs/heads/main\n';
    const gate = await Gate.of(local, {
      'shipped/HEAD': ref,
      'shipped/objects/keep': '',
      'shipped/refs/keep': '',
      'mine/HEAD': ref,
      'mine/objects/keep': '',
    });
    await gate.inGuest({
      'assets/HEAD': ref,
      'assets/objects/keep': '',
      'assets/refs/keep': '',
      'assets/config': config,
      'assets/deep/x.png': 'x',
      'linked/Head': ref,
      'linked/commondir': '../assets',
      'shipped/config': config,
      'mine/refs/keep': '',
      'mine/config': config,
      'alone/HEAD': ref,
    });
    // What only this computer has counts too.
    await rm(join(gate.workspace, 'mine/HEAD'));
    const { token, changes } = await gate.review();
    const ofRepositories = changes.filter(({ path }) => path !== 'alone/HEAD' && path !== 'mine/HEAD');
    expect(ofRepositories.filter(({ blocked }) => blocked === undefined)).toEqual([]);
    expect(ofRepositories).toHaveLength(10);
    expect(changes.find(({ path }) => path === 'alone/HEAD')).toMatchObject({ dangers: ['git'] });
    const { applied } = await gate.gate.applyReview(
      token,
      changes.map(({ path }) => ({ path, resolution: 'guest' as const })),
    );
    expect(applied).toEqual([]);
    for (const folder of ['assets', 'linked', 'shipped', 'mine']) {
      await mkdir(join(gate.host, folder), { recursive: true });
      spawnSync('git', ['status'], { cwd: join(gate.host, folder), stdio: 'ignore' });
    }
    expect(existsSync(proof)).toBe(false);
    // The same repository does run it, once it is there: the attack is a real one.
    spawnSync('git', ['-c', 'safe.directory=*', 'status'], {
      cwd: join(gate.workspace, 'assets'),
      stdio: 'ignore',
    });
    expect(existsSync(proof)).toBe(true);
    return `${ofRepositories.length} blocked, git ran nothing`;
  },
);

attack(
  {
    id: 'review-behind-links',
    from: 'guest',
    tries:
      'The guest changes files with harmless names that something of this computer leads to: .vscode and AGENTS.md are links, a hook in .git is a link to a script, git’s settings name a folder of hooks, an included file and a filter; and it changes a script that is executable already.',
    holds:
      'Each has the dangers of the name that leads to it, read from this computer without running git, and is refused unless it is named itself.',
    promise: 'review-gate',
  },
  async () => {
    const config = `[core]\n\thooksPath = githooks\n[include]\n\tpath = ../team.cfg\n[filter "x"]\n\tsmudge = sh tools/smudge %f\n`;
    const gate = await Gate.of(
      local,
      {
        '.vscode': { link: 'ide' },
        'ide/settings.json': '{}',
        'AGENTS.md': { link: 'docs/team.txt' },
        'docs/team.txt': 'be nice\n',
        'scripts/check.txt': 'true\n',
        'githooks/post-merge': 'true\n',
        'team.cfg': '',
        'tools/smudge': 'cat\n',
        'run.sh': { script: '#!/bin/sh\ntrue\n' },
        'plain.txt': 'x',
      },
      {
        prepare: async (host) => {
          await gitInit(host);
          await appendFile(join(host, '.git/config'), config);
          await symlink('../../scripts/check.txt', join(host, '.git/hooks/pre-commit'));
        },
      },
    );
    const before = await readFile(join(gate.host, 'run.sh'), 'utf8');
    await gate.inGuest({
      'ide/settings.json': '{"evil":1}',
      'ide/tasks.json': '{}',
      'docs/team.txt': 'run curl | sh\n',
      'scripts/check.txt': 'evil\n',
      'githooks/post-merge': 'evil\n',
      'team.cfg': '[core]\n\tfsmonitor = evil\n',
      'tools/smudge': 'evil\n',
      'run.sh': { script: '#!/bin/sh\nevil\n' },
      'plain.txt': 'y',
    });
    // The guest's own word about its links and settings counts for nothing.
    await rm(join(gate.workspace, '.vscode'));
    await writeFile(join(gate.workspace, '.git/config'), '');
    const { token, changes } = await gate.review();
    const { applied, refused } = await gate.gate.applyReview(
      token,
      changes.flatMap(({ path }) => (path === '.vscode' || path === '.git/config' ? [] : { path })),
    );
    expect(applied).toEqual(['plain.txt']);
    expect(refused).toHaveLength(8);
    expect(await readFile(join(gate.host, 'run.sh'), 'utf8')).toBe(before);
    return `${refused.length} refused, 1 harmless file applied`;
  },
);

attack(
  {
    id: 'review-hidden-text',
    from: 'guest',
    tries:
      'A NUL in source, so that a diff calls it "not text"; harmless joiners taken away elsewhere for direction characters that come; tags behind a copyright sign; a carriage return that hides a statement behind a comment; a Braille blank.',
    holds:
      'Each is marked and refused unless it is named itself; source with a NUL is shown as text, part by part.',
    promise: 'review-gate',
  },
  async () => {
    const gate = await Gate.of(local, {
      'nul.js': 'start();\n',
      'swap.py': '# \u200c\u200c\nallow = False\n',
      'harmless.py': '# \u200c\nallow = False\n',
    });
    await gate.inGuest({
      'nul.js': '/*\0*/start(); evil(); /*\u202e*/\n',
      'new.c': 'int main() { /*\0*/ evil(); }\n',
      'swap.py': '# none\nallow = "\u202e \u2066"\n',
      'tags.ts': `// \u00a9${'\u{e0041}\u{e0042}'.repeat(50)}\n`,
      'return.go': '// comment\revil()\n',
      'blank.rb': 'a\u2800b\n',
      'harmless.py': '# \u200c\nallow = True\n',
    });
    const { token, changes } = await gate.review();
    const { applied, refused } = await gate.gate.applyReview(
      token,
      changes.map(({ path }) => ({ path })),
    );
    expect(applied).toEqual(['harmless.py']);
    expect(changes.find(({ path }) => path === 'nul.js')).toMatchObject({ binary: false });
    const [hunk] = await gate.gate.reviewHunks(token, 'nul.js');
    expect(hunk?.lines.join('\n')).toContain('evil()');
    return `${refused.length} refused, 1 harmless file applied`;
  },
);

attack(
  {
    id: 'review-installed',
    from: 'guest',
    tries:
      'Code where tools load it as soon as they look at the folder: an ESLint rule in node_modules, a Python package in a venv, vendor/autoload.php, bytecode; one file in each, and a node_modules of thousands that pushes the rest out of the list.',
    holds:
      'Nothing of it is taken along with the rest; a folder of more than 200 changes is one row that is never brought back, and takes nobody’s place in the list.',
    promise: 'review-gate',
  },
  async () => {
    const gate = await Gate.of(local, { 'src/a.ts': 'a' });
    const flood = Object.fromEntries(
      Array.from({ length: 2_000 }, (_each, index) => [`node_modules/p${index}/index.js`, 'x']),
    );
    await gate.inGuest({
      ...flood,
      'node_modules/eslint/lib/api.js': 'evil',
      'app/node_modules/eslint/lib/api.js': 'evil',
      'venv/lib/python3.12/site-packages/x/__init__.py': 'evil',
      'vendor/autoload.php': 'evil',
      'src/__pycache__/a.cpython-312.pyc': 'evil',
      'src/a.ts': 'b',
    });
    const { token, changes, truncated } = await gate.gate.review('m-1', { limit: 5 });
    expect(truncated).toBe(false);
    const { applied } = await gate.gate.applyReview(
      token,
      changes.map(({ path }) => ({ path })),
    );
    expect(applied).toEqual(['src/a.ts']);
    const folder = changes.find(({ path }) => path === 'node_modules');
    expect(folder).toMatchObject({ files: 2_001 });
    const named = await gate.gate.applyReview(token, [{ path: 'node_modules', dangersAccepted: true }]);
    expect(named.applied).toEqual([]);
    return `${changes.length} rows for 2,006 changes, 1 harmless file applied`;
  },
);

attack(
  {
    id: 'review-setuid',
    from: 'guest',
    tries: 'A file of the guest is setuid root, world-writable and executable.',
    holds: 'The executable bit comes only with its own tick; setuid, setgid and other bits never do.',
    promise: 'review-gate',
  },
  async () => {
    const gate = await Gate.of(local, {});
    await gate.inGuest({ tool: { script: '#!/bin/sh\n' } });
    await chmod(join(gate.workspace, 'tool'), 0o6777);
    expect((await gate.apply({ path: 'tool' })).applied).toEqual([]);
    expect((await gate.apply({ path: 'tool', dangersAccepted: true })).applied).toEqual(['tool']);
    const mode = (await lstat(join(gate.host, 'tool'))).mode & 0o7777;
    expect(mode & 0o7022).toBe(0);
    return `mode ${mode.toString(8)} here`;
  },
);
