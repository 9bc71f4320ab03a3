import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import {
  appendFile,
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { Gate, LocalGuest } from '../../unit/review/localGuest';
import { attack } from '../attack';

let local: LocalGuest;
beforeAll(async () => {
  local = await LocalGuest.make();
});
afterAll(() => local.dispose());

attack(
  {
    id: 'review-tasks-json',
    from: 'guest',
    tries:
      'The guest adds .vscode/tasks.json, a git hook, a package.json that runs something and a hidden right-to-left override, and hopes that "all" takes them along.',
    holds: 'Each is marked as dangerous and refused unless it is named itself.',
    promise: 'review-gate',
  },
  async () => {
    const gate = await Gate.of(local, { 'package.json': '{}' }, { prepare: gitInit });
    await gate.inGuest({
      '.vscode/tasks.json': '{}',
      '.git/hooks/post-checkout': { script: '#!/bin/sh\n' },
      'package.json': '{"scripts":{"install":"evil"}}',
      'src/login.ts': 'if (user !== "admin\u202e \u2066// only\u2069") {}\n',
      '.VSCODE/settings.json': '{}',
      harmless: 'x',
    });
    const { changes, token } = await gate.review();
    const { applied, refused } = await gate.gate.applyReview(
      token,
      changes.map(({ path }) => ({ path })),
    );
    expect(applied).toEqual(['harmless']);
    expect(existsSync(join(gate.host, '.vscode'))).toBe(false);
    return `${refused.length} refused, 1 harmless file applied`;
  },
);

attack(
  {
    id: 'review-swapped',
    from: 'guest',
    tries:
      'Between the review and the apply the guest changes bytes, puts a symlink in a file’s place and swaps a folder.',
    holds:
      'What differs from what was looked at is refused; what is written are the bytes that were looked at.',
    promise: 'review-gate',
  },
  async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a', 'd/b.txt': 'b', 'c.txt': 'c' });
    await gate.inGuest({ 'a.txt': 'seen', 'd/b.txt': 'seen', 'c.txt': 'seen' });
    const { token, changes } = await gate.review();
    await gate.inGuest({ 'a.txt': 'evil' });
    await rename(join(gate.workspace, 'd'), join(gate.workspace, 'e'));
    await symlink('/etc', join(gate.workspace, 'd'));
    await rm(join(gate.workspace, 'c.txt'));
    await symlink('/etc/shadow', join(gate.workspace, 'c.txt'));
    const { applied, refused } = await gate.gate.applyReview(
      token,
      changes.map(({ path }) => ({ path })),
    );
    expect(applied).toEqual([]);
    return `${refused.length} of 3 refused`;
  },
);

attack(
  {
    id: 'review-link-on-the-way',
    from: 'guest',
    tries:
      'A folder of the host is a link to somewhere else by the time of the apply; links that lead out are offered too.',
    holds:
      'Folders are held open one by one and no link is followed; a link that leads out of the folder is never made.',
    promise: 'review-gate',
  },
  async () => {
    const gate = await Gate.of(local, { 'src/x.ts': 'x', 'leaf.txt': 'leaf' });
    const outside = join(gate.data, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'leaf.txt'), 'leaf');
    await gate.inGuest({
      'leaf.txt': 'LEAF',
      'src/x.ts': 'X',
      'src/new/y.ts': 'Y',
      out: { link: '../data/outside' },
      etc: { link: '/etc' },
    });
    const { token, changes } = await gate.review();
    await rename(join(gate.host, 'src'), join(gate.host, 'before'));
    await symlink(outside, join(gate.host, 'src'));
    await rm(join(gate.host, 'leaf.txt'));
    await symlink(join(outside, 'leaf.txt'), join(gate.host, 'leaf.txt'));
    const { applied, refused } = await gate.gate.applyReview(
      token,
      changes.map(({ path }) => ({ path, dangersAccepted: true, resolution: 'guest' as const })),
    );
    expect(applied).toEqual([]);
    expect(await readdir(outside)).toEqual(['leaf.txt']);
    expect(await readFile(join(outside, 'leaf.txt'), 'utf8')).toBe('leaf');
    return `${refused.length} refused, nothing outside`;
  },
);

attack(
  {
    id: 'review-swap-mid-apply',
    from: 'guest',
    tries:
      'While an apply writes, a program here that works for the guest swaps the next folder for a link, and the next file for another.',
    holds:
      'Each step looks again through folders that are held open: it refuses, what was written before stays undoable, nothing lands behind the link.',
    promise: 'review-gate',
  },
  async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a', 'b/b.txt': 'b', 'c.txt': 'c' });
    const outside = join(gate.data, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'b.txt'), 'b');
    await gate.inGuest({ 'a.txt': 'A', 'b/b.txt': 'B', 'b/new.txt': 'N', 'c.txt': 'C' });
    const { token, changes } = await gate.review();
    const swap = ({ done }: { done?: number | undefined }) => {
      if (done === 1) {
        renameSync(join(gate.host, 'b'), join(gate.host, 'before'));
        symlinkSync(outside, join(gate.host, 'b'));
        writeFileSync(join(gate.host, 'c.txt'), 'mine');
      }
    };
    const { applied, applyId } = await gate.gate.applyReview(
      token,
      changes.map(({ path }) => ({ path })),
      { onProgress: once(swap) },
    );
    expect(applied).toEqual(['a.txt']);
    expect(await readdir(outside)).toEqual(['b.txt']);
    expect(await readFile(join(outside, 'b.txt'), 'utf8')).toBe('b');
    expect(await gate.read('c.txt')).toBe('mine');
    expect(await gate.gate.undoApply(applyId)).toEqual({ restored: ['a.txt'], kept: [] });
    return '3 of 4 refused, the first taken back by undo';
  },
);

attack(
  {
    id: 'review-name-tricks',
    from: 'guest',
    tries:
      'Names that differ only in case or Unicode from a file of the host, that pass for .git, or that hold control and direction characters; devices and FIFOs.',
    holds: 'All of them are blocked, whatever is ticked.',
    promise: 'review-gate',
  },
  async () => {
    const gate = await Gate.of(local, { Makefile: 'all:', 'caf\u00e9': 'c' });
    await gate.inGuest({
      makefile: 'x',
      'cafe\u0301': 'x',
      '.GIT/config': 'x',
      '.g\u200cit/hooks/pre-commit': 'x',
      'sub/.git /config': 'x',
      'GIT~1/config': 'x',
      'a\u202eb': 'x',
      'a\nb': 'x',
    });
    execFileSync('mkfifo', [join(gate.workspace, 'fifo')]);
    const before = gate.snapshot();
    const { token, changes } = await gate.review();
    expect(changes.every(({ blocked }) => blocked !== undefined)).toBe(true);
    const { applied } = await gate.gate.applyReview(
      token,
      changes.map(({ path }) => ({ path, dangersAccepted: true, resolution: 'guest' as const })),
    );
    expect(applied).toEqual([]);
    expect(gate.snapshot()).toBe(before);
    return `${changes.length} blocked`;
  },
);

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

attack(
  {
    id: 'commits-hostile-config',
    from: 'guest',
    tries:
      'Commits are fetched into a repository whose own settings and hooks start programs (fsmonitor, hooksPath, sshCommand, alternateRefsCommand, gpg, pager, insteadOf with ext::, reference-transaction).',
    holds: 'git never runs in that repository, so nothing of it starts; the refs are there.',
    promise: 'clean-git',
  },
  async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' }, { prepare: gitCommit });
    const marker = join(gate.data, 'ran');
    const program = join(gate.data, 'program');
    await writeFile(program, `#!/bin/sh\necho ran >> ${marker}\n`);
    await chmod(program, 0o755);
    git(gate.host, 'config', 'core.hooksPath', join(gate.host, '.git/hooks'));
    git(gate.host, 'config', 'protocol.ext.allow', 'always');
    git(gate.host, 'config', `url.ext::${program} .insteadOf`, '/');
    for (const key of [
      'core.fsmonitor',
      'core.sshCommand',
      'core.alternateRefsCommand',
      'gpg.program',
      'core.pager',
    ]) {
      git(gate.host, 'config', key, program);
    }
    await mkdir(join(gate.host, '.git/hooks'), { recursive: true });
    await writeFile(
      join(gate.host, '.git/hooks/reference-transaction'),
      `#!/bin/sh\necho ran >> ${marker}\n`,
    );
    await chmod(join(gate.host, '.git/hooks/reference-transaction'), 0o755);
    git(gate.workspace, 'commit', '-q', '--allow-empty', '-m', 'Second');
    const [fetched] = await gate.gate.fetchCommits('m-1');
    expect(fetched?.ref).toBe('bulkhead/m-1/main');
    expect(existsSync(marker)).toBe(false);
    const ref = await readFile(join(gate.host, '.git/refs/remotes/bulkhead/m-1/main'), 'utf8');
    expect(ref.trim()).toBe(fetched?.hash);
    return 'the ref is there, no program ran';
  },
);

attack(
  {
    id: 'commits-evil-tree',
    from: 'guest',
    tries: 'A commit’s tree holds an entry named .git, which a checkout would write into the repository.',
    holds: 'git’s own check (index-pack --strict) refuses the pack; no object and no ref is left.',
    promise: 'clean-git',
  },
  async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' }, { prepare: gitCommit });
    const blob = git(gate.workspace, 'hash-object', '-w', 'a.txt');
    const entry = Buffer.concat([Buffer.from('100644 .git\0'), Buffer.from(blob, 'hex')]);
    const literally = ['-C', gate.workspace, 'hash-object', '-t', 'tree', '--literally', '-w', '--stdin'];
    const tree = execFileSync('git', literally, { input: entry }).toString().trim();
    git(
      gate.workspace,
      'update-ref',
      'refs/heads/evil',
      git(gate.workspace, 'commit-tree', tree, '-m', 'evil'),
    );
    await expect(gate.gate.fetchCommits('m-1')).rejects.toThrow('refused');
    expect(existsSync(join(gate.host, '.git/refs/remotes'))).toBe(false);
    return 'refused by index-pack';
  },
);

attack(
  {
    id: 'review-lying-tool',
    from: 'guest',
    tries:
      'The guest replaces the tool that lists the workspace by one of its own: paths with "..", absolute ones, names cut by a NUL, an endless record, a file that is larger than it said.',
    holds: 'The list is refused as a whole; nothing is written here.',
    promise: 'review-gate',
  },
  async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' });
    const before = gate.snapshot();
    const entry = (path: string) => `f 644 5 1700000000.000000001 1700000000.000000002 42 ${path}`;
    const lists = [
      ...['../evil', 'a/../../evil', '/etc/passwd', './a', 'a//b'].map((path) => [entry(path), 'end 1']),
      [entry('a\0/etc/passwd'), 'end 1'],
      [entry('x'.repeat(100_000)), 'end 1'],
      ['! ../..', 'end 0'],
      [entry('a.txt')],
      ['l 777 1 1.000000000 1.000000000 1 link', 'end 1'],
    ];
    const tools = join(gate.data, 'tools');
    await mkdir(tools);
    for (const list of lists) {
      await writeFile(join(tools, 'list'), list.map((record) => `${record}\0`).join(''));
      await writeFile(join(tools, 'tree'), `#!/bin/sh\nexec cat ${join(tools, 'list')}\n`, { mode: 0o755 });
      await expect(gate.with(local.withTools(tools)).review('m-1')).rejects.toThrow('sent a list that');
    }
    // An honest list, then a file that has more bytes than may be brought.
    await writeFile(join(tools, 'list'), `${entry('a.txt')}\0end 1\0`);
    await writeFile(
      join(tools, 'tree'),
      `#!/bin/sh\n[ "$1" = list ] && exec cat ${join(tools, 'list')}\nprintf '99999999999\\0'; exec yes\n`,
      { mode: 0o755 },
    );
    await expect(gate.with(local.withTools(tools)).review('m-1')).rejects.toThrow('not its own');
    expect(gate.snapshot()).toBe(before);
    return `${lists.length + 1} answers refused`;
  },
);

attack(
  {
    id: 'commits-lying-git',
    from: 'guest',
    tries:
      'git in the guest is a program of the attacker: branches named ../../hooks/x, -u, .git/config or with a newline, a pack of garbage, a pack cut off, a branch at an object that is not in it, an endless head.',
    holds:
      'Branches with such names are left out; the rest is checked by git’s own index-pack and rev-list before a ref is written, and refused.',
    promise: 'clean-git',
  },
  async () => {
    const gate = await Gate.of(local, { 'a.txt': 'a' }, { prepare: gitCommit });
    git(gate.workspace, 'commit', '-q', '--allow-empty', '-m', 'Second');
    const hash = git(gate.workspace, 'rev-parse', 'HEAD');
    const bundle = execFileSync('git', [
      '-C',
      gate.workspace,
      'bundle',
      'create',
      '-q',
      '--version=2',
      '-',
      'main',
    ]);
    const pack = bundle.subarray(bundle.indexOf('\n\n') + 2);
    const before = gate.snapshot(join(gate.host, '.git'));
    const tools = join(gate.data, 'bin');
    await mkdir(tools);
    await writeFile(join(tools, 'git'), `#!/bin/sh\nexec cat ${join(tools, 'bundle')}\n`, { mode: 0o755 });
    const liar = gate.with(local.withPath(`${tools}:${process.env['PATH'] ?? ''}`));
    const answer = (head: string[], body: Buffer) =>
      writeFile(
        join(tools, 'bundle'),
        Buffer.concat([Buffer.from(['# v2 git bundle', ...head, '', ''].join('\n')), body]),
      );
    const refused: [string[], Buffer][] = [
      [[`${hash} refs/heads/main`], Buffer.from('PACK garbage')],
      [[`${hash} refs/heads/main`], pack.subarray(0, pack.length - 5)],
      [[`${'1'.repeat(40)} refs/heads/main`], pack],
      [[`${hash} refs/heads/main\nnonsense`], pack],
      [[`${hash} refs/heads/${'x'.repeat(2_000_000)}`], pack],
    ];
    for (const [head, body] of refused) {
      await answer(head, body);
      await expect(liar.fetchCommits('m-1')).rejects.toThrow(/refused|no bundle|failed in the VM/);
      expect(gate.snapshot(join(gate.host, '.git'))).toBe(before);
    }
    const names = [
      '../../../hooks/x',
      '..',
      '-u',
      '.git/config',
      'a.lock',
      '/etc/x',
      'a//b',
      'HEAD:x',
      'a\u202eb',
    ];
    await answer(
      [...names, 'fine'].map((name) => `${hash} refs/heads/${name}`),
      pack,
    );
    expect((await liar.fetchCommits('m-1')).map(({ ref }) => ref)).toEqual(['bulkhead/m-1/fine']);
    expect(await readdir(join(gate.host, '.git/refs/remotes/bulkhead/m-1'))).toEqual(['fine']);
    expect(await readdir(join(gate.host, '.git/refs'))).toEqual(['heads', 'remotes', 'tags']);
    return `${refused.length} bundles refused, ${names.length} branch names left out`;
  },
);

/** Progress comes again when a step is refused. */
function once<T extends { done?: number | undefined }>(work: (progress: T) => void): (progress: T) => void {
  let done = false;
  return (progress) => {
    if (!done) {
      done = true;
      work(progress);
    }
  };
}

function git(folder: string, ...args: string[]): string {
  const identity = ['-c', 'user.name=A', '-c', 'user.email=a@example.org'];
  return execFileSync('git', ['-C', folder, ...identity, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
    .toString()
    .trim();
}

async function gitInit(host: string): Promise<void> {
  git(host, 'init', '-q', '-b', 'main');
}

async function gitCommit(host: string): Promise<void> {
  await gitInit(host);
  git(host, 'add', '-A');
  git(host, 'commit', '-qm', 'First');
}
