import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { devNull } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { BulkheadError, codeOf } from '../../core/errors';
import { printable } from '../../core/log';

const SAID_MAX = 4_000;
const OUT_MAX = 1024 * 1024;

export interface HostGit {
  readonly stdin: Writable;
  /** What it printed. @throws BulkheadError if it failed, or there is none */
  readonly finished: Promise<string>;
  kill(): void;
}

/**
 * git of this computer, in a repository of our own that holds nothing but what we put there: no settings of the user, the
 * system or the folder's repository are read, nothing is asked, no hook is there to run.
 */
export function hostGit(
  args: readonly string[],
  place: { gitFolder: string; objects: string; signal?: AbortSignal | undefined },
): HostGit {
  const inherited = Object.entries(process.env).filter(([name]) => !name.toUpperCase().startsWith('GIT_'));
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn('git', args, {
    cwd: place.gitFolder,
    env: {
      ...Object.fromEntries(inherited),
      GIT_DIR: place.gitFolder,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(place.objects),
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: devNull,
      GIT_CONFIG_SYSTEM: devNull,
      GIT_ATTR_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      GIT_NO_LAZY_FETCH: '1',
      GIT_NO_REPLACE_OBJECTS: '1',
      GIT_OPTIONAL_LOCKS: '0',
      GIT_ALLOW_PROTOCOL: 'none',
      LC_ALL: 'C',
    },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(place.signal && { signal: place.signal }),
    killSignal: 'SIGKILL',
  });
  let said = '';
  let out = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-SAID_MAX);
  });
  child.stdout.on('data', (chunk: Buffer) => {
    out = (out + chunk.toString()).slice(0, OUT_MAX);
  });
  // Its exit code tells why it stopped reading.
  child.stdin.on('error', () => undefined);
  const finished = new Promise<string>((resolve, reject) => {
    child.once('error', (error) => {
      reject(
        codeOf(error) === 'ENOENT'
          ? new BulkheadError('There is no git on this computer', {
              kind: 'host',
              next: 'Install git, or bring the files back instead of the commits.',
            })
          : error,
      );
    });
    child.once('close', (code) => {
      if (code === 0) {
        resolve(out);
      } else {
        reject(
          new BulkheadError(`git ${args.find((arg) => /^[a-z]/.test(arg)) ?? ''} refused the VM’s commits`, {
            details: printable(said, SAID_MAX),
            next: 'Look at the details: a repository that git’s own check finds fault with is not brought in.',
          }),
        );
      }
    });
  });
  // Whoever wants the outcome awaits it.
  finished.catch(() => undefined);
  return { stdin: child.stdin, finished, kill: () => child.kill('SIGKILL') };
}

/** A path in a list that `:` separates (git(1), GIT_ALTERNATE_OBJECT_DIRECTORIES). */
function quoted(path: string): string {
  return `"${path.replace(/["\\]/g, '\\$&')}"`;
}
