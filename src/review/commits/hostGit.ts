import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { devNull } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { BulkheadError, codeOf } from '../../core/errors';
import { printable } from '../../core/log';

const SAID_MAX = 4_000;
const OUT_MAX = 1024 * 1024;
/**
 * Of one git: address space (KiB) and processor time (s). A pack of some KB can unfold to GB: what does not fit is refused, not
 * swapped. Linux has the first, macOS only the second; on Windows the deadline is all there is.
 */
const MEMORY_KIB = 2 * 1024 * 1024;
const CPU_SECONDS = 300;
const BOUNDED = `ulimit -v ${MEMORY_KIB} 2>/dev/null || :; ulimit -t ${CPU_SECONDS} && exec git "$@"`;
/** Blobs above the threshold are streamed, and what git keeps or maps at a time is small. */
const FRUGAL = [
  'core.bigFileThreshold=8m',
  'core.deltaBaseCacheLimit=32m',
  'core.packedGitWindowSize=16m',
  'core.packedGitLimit=256m',
  'pack.threads=1',
].flatMap((setting) => ['-c', setting]);

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
  const [program, ...first] = process.platform === 'win32' ? ['git'] : ['/bin/sh', '-c', BOUNDED, 'sh'];
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(
    program ?? 'git',
    [...first, ...FRUGAL, ...args],
    {
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
    },
  );
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
      reject(codeOf(error) === 'ENOENT' ? noGit() : error);
    });
    child.once('close', (code) => {
      if (code === 0) {
        resolve(out);
      } else if (code === 127) {
        // The shell's own word for a program that it does not find.
        reject(noGit());
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

function noGit(): BulkheadError {
  return new BulkheadError('There is no git on this computer', {
    kind: 'host',
    next: 'Install git, or bring the files back instead of the commits.',
  });
}

/** A path in a list that `:` separates (git(1), GIT_ALTERNATE_OBJECT_DIRECTORIES). */
function quoted(path: string): string {
  return `"${path.replace(/["\\]/g, '\\$&')}"`;
}
