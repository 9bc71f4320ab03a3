import { delay } from '../core/deadline';
import type { Disposable } from '../core/disposables';
import { BulkheadError, isCancelled, messageOf } from '../core/errors';
import { type Log, printable } from '../core/log';
import { ChangeBatch } from './changeBatch';
import type { Guest, GuestProcess } from './guest';
import type { GuestFiles } from './guestFiles';
import { joinGuest } from './guestPath';
import { InotifyParser } from './inotifyParser';
import { pollTree } from './pollTree';

export interface WatchContext {
  guest: Guest;
  files: Pick<GuestFiles, 'readDirectory' | 'stat'>;
  user: string | undefined;
  toolsFolder: string;
  log: Log;
}

export interface WatchOptions {
  recursive: boolean;
  excludes: string[];
}

type Listener = Parameters<GuestFiles['watch']>[2];

const EVENTS = 'close_write,create,delete,move,attrib,delete_self,move_self';
const EXCLUDES_MAX = 200;
/** Entries looked at in a folder that just appeared: what was made in it before it was watched. */
const NEW_FOLDER_MAX = 1_000;
const RESTART_MS = 1_000;
const RESTART_MAX_MS = 30_000;

/**
 * Watches with the kit's inotifywait until disposed. After a broken connection it starts again and reports
 * an overflow; where inotify can't (too few watches), it polls.
 */
export function watchGuest(
  context: WatchContext,
  root: string,
  options: WatchOptions,
  listener: Listener,
): Disposable {
  const controller = new AbortController();
  const batch = new ChangeBatch(listener);
  void watchForEver(context, root, options, batch, controller.signal).catch((error: unknown) => {
    if (!isCancelled(error)) {
      listener.onError(error instanceof Error ? error : new Error(messageOf(error)));
    }
  });
  return {
    dispose: () => {
      controller.abort();
      batch.dispose();
    },
  };
}

async function watchForEver(
  context: WatchContext,
  root: string,
  options: WatchOptions,
  batch: ChangeBatch,
  signal: AbortSignal,
): Promise<void> {
  let pauseMs = RESTART_MS;
  for (let start = 0; !signal.aborted; start++) {
    const began = performance.now();
    try {
      const { code, stderr } = await runInotify(context, root, options, batch, signal, start > 0);
      if (code === 127 || /upper limit|No space left|not found|No such file/i.test(stderr)) {
        context.log.info(`Watching ${printable(root, 300)} by polling: ${printable(stderr, 300).trim()}`);
        await pollTree(context, root, options, batch, signal);
        return;
      }
    } catch (error) {
      if (isCancelled(error)) {
        throw error;
      }
      context.log.debug(`The watcher in the VM stopped: ${printable(messageOf(error), 300)}`);
    }
    pauseMs = performance.now() - began > RESTART_MAX_MS ? RESTART_MS : Math.min(pauseMs * 2, RESTART_MAX_MS);
    await delay(pauseMs * (0.5 + Math.random()), signal);
  }
}

async function runInotify(
  context: WatchContext,
  root: string,
  options: WatchOptions,
  batch: ChangeBatch,
  signal: AbortSignal,
  again: boolean,
): Promise<{ code: number; stderr: string }> {
  const argv: [string, ...string[]] = [
    `${context.toolsFolder}/inotifywait`,
    ...inotifyArguments(root, options),
  ];
  const user = context.user === undefined ? {} : { user: context.user };
  const process: GuestProcess = await context.guest.spawn({ argv }, { cwd: '/', signal, ...user });
  const stop = () => process.dispose();
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (again) {
      // What happened while nobody watched is unknown.
      batch.overflow();
    }
    let stderr = '';
    process.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(0, 2_000);
    });
    await readEvents(context, process, root, batch, signal);
    return { code: (await process.exited).code, stderr };
  } finally {
    signal.removeEventListener('abort', stop);
    process.dispose();
  }
}

async function readEvents(
  context: WatchContext,
  process: GuestProcess,
  root: string,
  batch: ChangeBatch,
  signal: AbortSignal,
): Promise<void> {
  const parser = new InotifyParser(root);
  for await (const chunk of process.stdout) {
    for (const event of parser.push(chunk as Buffer)) {
      if (event.overflow) {
        batch.overflow();
        continue;
      }
      batch.add(event.change);
      if (event.directory && event.change.kind === 'created') {
        await reportContents(context, event.change.path, batch, signal);
      }
    }
  }
}

/** Files made in a new folder before inotifywait reached it raise no event of their own. */
async function reportContents(
  context: WatchContext,
  folder: string,
  batch: ChangeBatch,
  signal: AbortSignal,
): Promise<void> {
  const folders = [folder];
  let left = NEW_FOLDER_MAX;
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    try {
      for (const entry of await context.files.readDirectory(next, { limit: left, signal })) {
        const path = joinGuest(next, entry.name);
        batch.add({ path, kind: 'created' });
        left--;
        if (entry.type === 'directory') {
          folders.push(path);
        }
      }
    } catch (error) {
      if (isCancelled(error)) {
        throw error;
      }
      // Gone again, or too much in it to name one by one.
      batch.overflow();
      return;
    }
    if (left <= 0) {
      batch.overflow();
      return;
    }
  }
}

/** The argv after the program's name. Each exclude is a path relative to `root`, or a name at any depth. */
export function inotifyArguments(root: string, options: WatchOptions): string[] {
  const excludes = options.excludes.filter((pattern) => pattern !== '' && !pattern.includes('\0'));
  if (excludes.length > EXCLUDES_MAX) {
    throw new BulkheadError(`More than ${EXCLUDES_MAX} patterns to exclude from watching.`, {
      kind: 'usage',
    });
  }
  const parts = excludes.map((pattern) => excludeRegex(root, pattern));
  return [
    '-m',
    '-q',
    ...(options.recursive ? ['-r'] : []),
    ...(parts.length > 0 ? ['--exclude', `(${parts.join('|')})`] : []),
    '--format',
    '%e%0%w%f%0',
    '--no-newline',
    '-e',
    EVENTS,
    '--',
    root,
  ];
}

/** One glob as a POSIX extended regular expression over whole paths: `**` any depth, `*` and `?` in a name. */
function excludeRegex(root: string, glob: string): string {
  const body = glob
    .replace(/^(\*\*\/)+/, '')
    .replace(/(\/(\*\*?)?)+$/, '')
    .replace(/^\//, '');
  const anchored = glob.startsWith('/') || (body.includes('/') && !glob.startsWith('**/'));
  const prefix = anchored ? `^${escapeEre(root === '/' ? '' : root)}/` : '/';
  const regex = body
    .split(/(\*\*|\*|\?)/)
    .map((piece) => {
      switch (piece) {
        case '**':
          return '.*';
        case '*':
          return '[^/]*';
        case '?':
          return '[^/]';
        default:
          return escapeEre(piece);
      }
    })
    .join('');
  return `${prefix}${regex}(/|$)`;
}

function escapeEre(text: string): string {
  return text.replace(/[\\.[\](){}*+?^$|]/g, '\\$&');
}
