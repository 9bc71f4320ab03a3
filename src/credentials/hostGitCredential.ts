import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withDeadline } from '../core/deadline';
import { BulkheadError, codeOf } from '../core/errors';
import type { WaitOptions } from '../machine/hypervisor';
import { guestAnswer, hostQuestion } from './gitCredentialRequest';

/** A key store may have to be unlocked by the user. */
const ANSWER_MS = 60_000;
const ANSWER_MAX = 64 * 1024;

/**
 * What the user's own git on this host would use for https://`host`/: `git credential fill`, which asks the user's helpers
 * and nobody else. Resolves with lines for the guest's git, or undefined if there is no credential.
 * @throws BulkheadError if there is no git, or it does not answer
 */
export async function hostGitCredential(
  question: { host: string; username?: string },
  options: WaitOptions & { env?: NodeJS.ProcessEnv; git?: string } = {},
): Promise<string | undefined> {
  // An empty folder of its own: no repository's configuration counts, and nothing of a guest is near.
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-git-'));
  try {
    const env = gitEnvironment(options.env ?? process.env, folder);
    const answer = await withDeadline(
      { what: 'The git of this computer', ms: ANSWER_MS, signal: options.signal },
      (signal) => fill(options.git ?? 'git', hostQuestion(question), { cwd: folder, env, signal }),
    );
    return answer === undefined ? undefined : guestAnswer(answer, question.host);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The user's environment and configuration, without repositories, prompts and traces (which would hold the secret). */
function gitEnvironment(env: NodeJS.ProcessEnv, folder: string): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(
    ([name]) =>
      !/^(GIT_(TRACE|DIR|WORK_TREE|COMMON_DIR|INDEX_FILE|OBJECT_DIRECTORY|NAMESPACE|PREFIX|CEILING_DIRECTORIES|ASKPASS|TERMINAL_PROMPT)|SSH_ASKPASS|GCM_TRACE)/i.test(
        name,
      ),
  );
  return {
    ...Object.fromEntries(kept),
    // Not there, so there is no repository, whatever lies above the folder.
    GIT_DIR: join(folder, 'none'),
    GIT_TERMINAL_PROMPT: '0',
    // A guest must not be able to put a login before the user (Git Credential Manager's own variable).
    GCM_INTERACTIVE: 'never',
    LC_ALL: 'C',
  };
}

function fill(
  git: string,
  question: string,
  options: { cwd: string; env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      git,
      ['-c', 'core.askPass=', '-c', 'credential.interactive=false', 'credential', 'fill'],
      {
        ...options,
        // Its messages may quote what a helper printed.
        stdio: ['pipe', 'pipe', 'ignore'],
        windowsHide: true,
      },
    );
    const chunks: Buffer[] = [];
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > ANSWER_MAX) {
        child.kill();
      } else {
        chunks.push(chunk);
      }
    });
    child.once('error', (error) =>
      reject(
        codeOf(error) === 'ENOENT'
          ? new BulkheadError('There is no git on this computer, so there are no git credentials to lend.', {
              kind: 'host',
              next: 'Install git, and log in with it once.',
              cause: error,
            })
          : error,
      ),
    );
    child.once('close', (code) => {
      // 128: no helper knows a password, and nobody may be asked.
      resolve(code === 0 && bytes <= ANSWER_MAX ? Buffer.concat(chunks).toString('utf8') : undefined);
    });
    // A git that ends before it has read the question says so by its exit code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(question);
  });
}
