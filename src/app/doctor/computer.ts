import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, messageOf } from '../../core/errors';
import { printable } from '../../core/log';
import { PROGRAM_FOLDER } from '../../core/programFolder';
import type { DoctorFinding } from './doctorFinding';
import { quoted, sizeText } from './words';

const LITTLE_SPACE = 100 * 2 ** 20;
const SSH_MS = 10_000;

/** Whether the folder for keys and records can be written, by its owner alone. */
export async function dataFolder(
  root: string,
  platform: NodeJS.Platform = process.platform,
): Promise<DoctorFinding[]> {
  // The folder may not be made yet; what will hold it has the same disk.
  const { folder, made } = await existing(root);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const message = `Keys and records lie in ${root} (${sizeText(free)} free)`;
  try {
    await access(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    const fix = `Make ${folder} writable for your account.`;
    return [
      { id: 'data', status: 'missing', message: `${folder} can't be written: ${messageOf(error)}`, fix },
    ];
  }
  if (free < LITTLE_SPACE) {
    return [{ id: 'data', status: 'missing', message, fix: 'Free some space on that disk.' }];
  }
  // Windows keeps the profile's folders private by their access lists.
  const mode = made && platform !== 'win32' ? (await stat(folder)).mode & 0o077 : 0;
  if (mode !== 0) {
    const command = `chmod go-rwx ${quoted(root)}`;
    return [
      {
        id: 'data',
        status: 'warning',
        message: `${message}; other accounts of this computer may look into it`,
        fix: `Run \`${command}\`. The keys themselves are for your account only.`,
        actions: [{ kind: 'terminal', command }],
      },
    ];
  }
  return [{ id: 'data', status: 'ok', message }];
}

async function existing(root: string): Promise<{ folder: string; made: boolean }> {
  for (let folder = root; ; folder = dirname(folder)) {
    try {
      await stat(folder);
      return { folder, made: folder === root };
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || folder === dirname(folder)) {
        throw error;
      }
    }
  }
}

/** OpenSSH on this computer: only `ssh <machine>` and what builds on it need one. */
export async function sshClient(signal: AbortSignal | undefined, program = 'ssh'): Promise<DoctorFinding[]> {
  const answer = await new Promise<string | Error>((resolve) => {
    execFile(
      program,
      ['-V'],
      { timeout: SSH_MS, windowsHide: true, cwd: PROGRAM_FOLDER, ...(signal && { signal }) },
      (error, _out, words) => resolve(error ?? printable(words.split('\n')[0] ?? '', 200).trim()),
    );
  });
  signal?.throwIfAborted();
  return typeof answer === 'string'
    ? [{ id: 'ssh', status: 'ok', message: answer }]
    : [
        {
          id: 'ssh',
          status: 'warning',
          message: 'There is no SSH client on this computer; the editor and `bulkhead ssh` do without one',
          fix: 'Install OpenSSH to use `ssh`, `scp`, `rsync` or `git` with a machine.',
        },
      ];
}
