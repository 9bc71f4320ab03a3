import { execFileSync } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Names that a lister, a shell, a terminal or a tar could get wrong. */
export const NAMES = [
  'new\nline',
  'tab\tand\u001b[2Jescape',
  '\u202egnp.exe',
  '-rf',
  '--checkpoint-action=exec=sh',
  '$(touch x)',
  '`touch x`',
  '"quoted\' \\ back',
  ' leading and trailing ',
  '*',
  '~',
  'constructor',
  '__proto__',
  'ünï→😀',
  'e\u0301 and é',
  'n'.repeat(255),
];

/** Everywhere that git, or something like it, starts a program of the repo's choice. */
export async function hostileRepository(folder: string, program: string): Promise<void> {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, ...args], {
      stdio: 'pipe',
      env: { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_NOSYSTEM: '1' },
    });
  git('init', '--quiet');
  git('add', '--', '.gitattributes', 'README.md');
  git('-c', 'user.name=x', '-c', 'user.email=x@example.org', 'commit', '--quiet', '-m', 'one');
  const settings: Record<string, string> = {
    'core.fsmonitor': program,
    'core.sshCommand': program,
    'core.editor': program,
    'core.pager': program,
    'core.askPass': program,
    'core.gitProxy': program,
    'core.alternateRefsCommand': program,
    'core.hooksPath': join(folder, 'hooks'),
    'diff.external': program,
    'diff.evil.textconv': program,
    'diff.evil.command': program,
    'filter.evil.clean': program,
    'filter.evil.smudge': program,
    'filter.evil.process': program,
    'merge.evil.driver': program,
    'gpg.program': program,
    'credential.helper': `!${program}`,
    'uploadpack.packObjectsHook': program,
    'alias.status': `!${program}`,
    'include.path': '../.gitconfig-of-the-repo',
    'safe.directory': '*',
    'protocol.ext.allow': 'always',
    'remote.origin.url': `ext::${program}`,
  };
  for (const [key, value] of Object.entries(settings)) {
    git('config', key, value);
  }
  await writeFile(join(folder, '.gitconfig-of-the-repo'), `[core]\n\tfsmonitor = ${program}\n`);
  await writeFile(
    join(folder, '.gitmodules'),
    `[submodule "x"]\n\tpath = sub\n\turl = ext::${program}\n\tupdate = !${program}\n`,
  );
  await mkdir(join(folder, 'hooks'));
  for (const hooks of [join(folder, 'hooks'), join(folder, '.git/hooks')]) {
    for (const hook of [
      'post-checkout',
      'pre-commit',
      'reference-transaction',
      'post-index-change',
      'fsmonitor-watchman',
      'post-merge',
    ]) {
      await writeFile(join(hooks, hook), `#!/bin/sh\nexec ${program}\n`);
      await chmod(join(hooks, hook), 0o755);
    }
  }
  // Two more repositories: one whose .git is a file that leads away, one whose is a link.
  await mkdir(join(folder, 'as-file'));
  await writeFile(join(folder, 'as-file/.git'), `gitdir: ${join(folder, '.git')}\n`);
  await mkdir(join(folder, 'as-link'));
  await symlink('../.git', join(folder, 'as-link/.git'));
}
