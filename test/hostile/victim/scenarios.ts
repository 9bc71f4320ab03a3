import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { connectGuest } from '../../../src/guest/connectGuest';
import { copyOut } from '../../../src/guest/copy/copyOut';
import { surveyGuest } from '../../../src/guest/copy/guestSurvey';
import { GitRepository } from '../../../src/guest/git/gitRepository';
import type { GuestFiles } from '../../../src/guest/guestFiles';
import { listFiles } from '../../../src/guest/listFiles';
import { searchFiles } from '../../../src/guest/searchFiles';

type ConnectedGuest = ReturnType<typeof connectGuest>;
type Scenario = (
  guest: ConnectedGuest,
  parameters: Record<string, string | number | boolean>,
  signal: AbortSignal,
) => Promise<string>;

const SCOPE = { include: [], exclude: [], useIgnoreFiles: true };

async function terminal(
  guest: ConnectedGuest,
  options: Parameters<ConnectedGuest['spawn']>[1],
): Promise<void> {
  const started = await guest.spawn({ script: 'x' }, options);
  const stop = () => started.dispose();
  options?.signal?.addEventListener('abort', stop, { once: true });
  try {
    started.stdout.resume();
    started.stderr.resume();
    await started.exited;
  } finally {
    stop();
  }
}

/** The command by which the `busy` scenario asks whether it has seen enough. */
export const ENOUGH = 'is it enough?';

/** What the extension and the CLI do with a guest, one at a time. Each tells in a few words what it got. */
export const SCENARIOS = {
  connect: async (guest, _, signal) => {
    await guest.ready({ signal });
    return 'connected';
  },
  list: async (guest, { limit }, signal) => {
    const files = await guest.files({ signal });
    const options = typeof limit === 'number' ? { limit, signal } : { signal };
    return `${(await files.readDirectory('/folder', options)).length} entries`;
  },
  read: async (guest, { maxBytes }, signal) => {
    const files = await guest.files({ signal });
    const bytes = await files.readFile('/file', { maxBytes: Number(maxBytes ?? 1e6), signal });
    return `${bytes.length} bytes`;
  },
  write: async (guest, { bytes }, signal) => {
    const files = await guest.files({ signal });
    await files.writeFileAtomic('/file', Buffer.alloc(Number(bytes)), { signal });
    return 'written';
  },
  /** Looks at a file over and over: the second and later looks begin on whatever the first one left. */
  stat: async (guest, { times = 1 }, signal) => {
    const files = await guest.files({ signal });
    const outcomes: string[] = [];
    for (let n = 0; n < Number(times); n++) {
      outcomes.push(
        await files.stat('/file', { signal }).then(
          ({ type, size }) => `${type} ${size}`,
          (error: Error) => `error: ${error.message}`,
        ),
      );
    }
    return outcomes.join('; ');
  },
  run: async (guest, { maxBytes = 1024 * 1024, deadlineMs = 20_000 }, signal) => {
    const limits = { maxBytes: Number(maxBytes), deadlineMs: Number(deadlineMs), signal };
    const { code, stdout, stderr, truncated } = await guest.run({ script: 'x' }, limits);
    return `code ${code}, ${stdout.length} and ${stderr.length} bytes${truncated ? ', cut' : ''}`;
  },
  /** Everything at once, over and over, 2 s a call; in the end each must work. */
  busy: async (guest, { ms }, signal) => {
    const round = (limit: AbortSignal, user?: string) => {
      const wait = { signal: AbortSignal.any([signal, limit]) };
      const inFiles = async (use: (files: GuestFiles) => Promise<unknown>) =>
        use(await guest.files(user === undefined ? wait : { ...wait, user }));
      const pty = { rows: 24, columns: 80, term: 'xterm' };
      return Promise.allSettled([
        guest.run({ script: 'x' }, { ...wait, deadlineMs: 2000 }),
        guest.run({ argv: ['x'] }, { ...wait, deadlineMs: 2000, input: Buffer.alloc(10_000) }),
        terminal(guest, { ...wait, pty }),
        inFiles((files) => files.stat('/file', wait)),
        inFiles((files) => files.readDirectory('/folder', wait)),
        inFiles((files) => files.readFile('/file', { ...wait, maxBytes: 1e6 })),
        inFiles((files) => pipeline([Buffer.alloc(1000)], files.createWriteStream('/file'), wait)),
        guest.openPort(80, wait).then((stream) => stream.on('error', () => undefined).destroy()),
      ]);
    };
    let [answered, failed] = [0, 0];
    const until = performance.now() + Number(ms);
    // How far that gets depends on the machine: the guest says when it has done its worst.
    const isEnough = async () =>
      performance.now() >= until &&
      (await guest.run({ script: ENOUGH }, { signal, deadlineMs: 2000 }).then(
        ({ stdout }) => stdout.toString().startsWith('enough'),
        () => false,
      ));
    while (!(await isEnough())) {
      signal.throwIfAborted();
      const results = await round(AbortSignal.timeout(2000));
      const good = results.filter(({ status }) => status === 'fulfilled').length;
      answered += good;
      failed += results.length - good;
    }
    // What was broken is found out at its next use. A file session that waits for a lost answer has 30 s for that; another does not.
    await round(AbortSignal.timeout(2000));
    const last = (await round(AbortSignal.timeout(20_000), 'other')).flatMap((result) =>
      result.status === 'rejected' ? [String(result.reason)] : [],
    );
    return `${answered} answered, ${failed} failed, then ${last.length === 0 ? 'all well' : last.join(' | ')}`;
  },
  /** One command after the other: each may find the connection gone. */
  runs: async (guest, { times, deadlineMs = 5000 }, signal) => {
    const errors: string[] = [];
    for (let n = 0; n < Number(times); n++) {
      await guest
        .run({ script: 'x' }, { deadlineMs: Number(deadlineMs), signal })
        .catch((error: Error) => errors.push(error.message));
    }
    return `${times} runs, ${errors.length} with errors: ${errors[0] ?? 'none'}`;
  },
  /** A user who tries again until it works. */
  untilWorks: async (guest, { deadlineMs }, signal) => {
    for (let failures = 0; ; failures++) {
      try {
        await guest.run({ script: 'x' }, { deadlineMs: Number(deadlineMs), signal });
        return `worked after ${failures} failures`;
      } catch (error) {
        if (signal.aborted) {
          throw error;
        }
      }
    }
  },
  /** A terminal that is not looked at, then one that is closed. */
  unread: async (guest, { ms = 3000, bytes }, signal) => {
    const started = await guest.spawn({ script: 'x' }, { signal });
    started.stdout.on('error', () => undefined);
    started.stdout.once('data', () => started.stdout.pause());
    const until = performance.now() + Number(ms);
    const enough = () => started.stdout.readableLength >= Number(bytes ?? Number.POSITIVE_INFINITY);
    while (performance.now() < until && !enough()) {
      await Promise.race([delay(100), started.exited.catch(() => undefined)]);
    }
    const kept = started.stdout.readableLength;
    started.dispose();
    return `let go with ${kept} bytes unread`;
  },
  /** Types into a program. */
  input: async (guest, { bytes = 100_000, ms = 5000 }, signal) => {
    const started = await guest.spawn({ script: 'x' }, { signal });
    started.stdout.resume();
    started.stdin.on('error', () => undefined);
    const block = Buffer.alloc(64 * 1024, 'x');
    const blocks = Math.ceil(Number(bytes) / block.length);
    const written = pipeline(
      Array.from({ length: blocks }, () => block),
      started.stdin,
    );
    // Whether it ended says `gone`.
    written.catch(() => undefined);
    const gone = started.exited.then(
      () => 'ended',
      (error: Error) => `ended: ${error.message}`,
    );
    const outcome = await Promise.race([
      written.then(() => 'typed'),
      gone,
      delay(Number(ms)).then(() => 'no answer'),
    ]);
    started.dispose();
    return outcome;
  },
  port: async (guest, _, signal) => {
    const stream = await guest.openPort(80, { signal });
    stream.on('error', () => undefined);
    stream.resume();
    const ended = new Promise((resolve) => stream.once('close', resolve));
    await Promise.race([ended, delay(3000)]);
    stream.destroy();
    return 'opened';
  },
  samples: async (guest, { most = 100 }, signal) => {
    let seen = 0;
    let largest = 0;
    for await (const sample of guest.samples({ signal })) {
      largest = Math.max(largest, ...sample.cpuPercent, sample.memory.usedBytes, sample.processes.length);
      if (++seen >= Number(most)) {
        break;
      }
    }
    return `${seen} samples, largest figure ${largest}`;
  },
  ports: async (guest, { most = 100 }, signal) => {
    let lists = 0;
    let last = '';
    for await (const ports of guest.listeningPorts({ signal })) {
      last = `${ports.length} ports: ${ports
        .slice(0, 3)
        .map(({ port, process }) => `${port} ${process?.name ?? '-'}`)
        .join(', ')}`;
      if (++lists >= Number(most)) {
        break;
      }
    }
    return `${lists} lists; ${last}`;
  },
  git: async (guest, _, signal) => {
    const status = await new GitRepository(guest, '/workspace').status({ signal });
    return `${status.changes.length} changes, ${status.dropped} dropped${status.truncated ? ', cut' : ''}: ${status.changes
      .slice(0, 3)
      .map(({ path }) => JSON.stringify(path))
      .join(' ')}`;
  },
  search: async (guest, { deadlineMs = 15_000 }, signal) => {
    const found: string[] = [];
    const query = { text: 'x', regex: false, matchCase: false, wholeWord: false, scope: SCOPE };
    const tools = { busybox: '/.bulkhead/bin/busybox', rg: '/usr/bin/rg' };
    const { end, skipped } = await searchFiles(guest, '/workspace', query, {
      signal,
      tools,
      deadlineMs: Number(deadlineMs),
      onMatches: (matches) => found.push(...matches.map(({ path, before }) => `${path} ${before}`)),
    });
    return `${found.length} matches, ${skipped} skipped, ${end}: ${found.slice(0, 2).join(', ')}`;
  },
  files: async (guest, { deadlineMs = 15_000 }, signal) => {
    const found: string[] = [];
    const tools = { busybox: '/.bulkhead/bin/busybox', rg: '/usr/bin/rg' };
    const { end, skipped } = await listFiles(guest, '/workspace', SCOPE, {
      signal,
      tools,
      deadlineMs: Number(deadlineMs),
      onFiles: (paths) => found.push(...paths),
    });
    return `${found.length} files, ${skipped} skipped, ${end}: ${found.slice(0, 2).join(', ')}`;
  },
  watch: async (guest, { ms = 3000 }, signal) => {
    const files = await guest.files({ signal });
    let changes = 0;
    let overflows = 0;
    let outside = 0;
    const watching = files.watch(
      '/workspace',
      { recursive: true, excludes: [] },
      {
        onChanges: (list) => {
          changes += list.length;
          outside += list.filter(({ path }) => !path.startsWith('/workspace')).length;
        },
        onOverflow: () => {
          overflows++;
        },
        onError: () => {
          overflows++;
        },
      },
    );
    await delay(Number(ms));
    watching.dispose();
    return `${changes} changes, ${outside} outside, ${overflows > 0 ? 'overflowed' : 'no overflow'}`;
  },
  copy: async (guest, { into }, signal) => {
    const files = await guest.files({ signal });
    const plan = await surveyGuest(files, ['/folder'], { signal });
    const { undo, ...copied } = await copyOut(files, plan, {
      folder: String(into),
      signal,
      questions: { isLargeFine: async () => true, onConflict: async () => 'skip' },
    });
    await undo.settle();
    return `${copied.files} files, ${copied.folders} folders, ${copied.bytes} bytes, ${copied.skippedCount} skipped`;
  },
} satisfies Record<string, Scenario>;
