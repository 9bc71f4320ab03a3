import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { Gate, LocalGuest } from '../../unit/review/localGuest';
import { attack } from '../attack';
import { git, gitCommit } from './git';

let local: LocalGuest;
beforeAll(async () => {
  local = await LocalGuest.make();
});
afterAll(() => local.dispose());

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
