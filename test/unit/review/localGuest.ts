import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readlink,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { silentLog } from '../../../src/core/log';
import { parseExcludes } from '../../../src/guest/exclude';
import type { CommandOutput, ExitStatus, Guest, GuestCommand, GuestProcess } from '../../../src/guest/guest';
import { listHostTree } from '../../../src/guest/hostTree';
import type { SentEntry } from '../../../src/guest/sentEntry';
import { sha256Of } from '../../../src/review/look/contentStore';
import { keepCopy } from '../../../src/review/look/keepCopy';
import { ReviewGate } from '../../../src/review/reviewGate';
import type { Review, ReviewChange, Selection } from '../../../src/review/reviewService';

const ROOT = resolve(__dirname, '../../..');
const SOURCE = join(ROOT, 'guest/agent/tree.c');

/** A folder of this computer as a guest: the kit's own `tree`, compiled here, and this computer's busybox and git. */
export class LocalGuest {
  private constructor(
    readonly scratch: string,
    readonly tools: string,
    private readonly env: Record<string, string> = {},
  ) {}

  /** The same with a PATH of its own, whatever this process' is. */
  withPath(path: string): LocalGuest {
    return new LocalGuest(this.scratch, this.tools, { PATH: path });
  }

  /** The same with programs of an attacker in place of the kit's. */
  withTools(tools: string): LocalGuest {
    return new LocalGuest(this.scratch, tools, this.env);
  }

  /** The same, as a guest that lists what is in one folder last: it picks the order. */
  async listingLast(folder: string): Promise<LocalGuest> {
    const tools = await mkdtemp(join(this.scratch, 'last-'));
    await symlink(join(this.tools, 'busybox'), join(tools, 'busybox'));
    const [tree, list] = [join(this.tools, 'tree'), join(tools, 'list')];
    const of = (pattern: string) => `grep -z ${pattern} ${list}`;
    const order = [`-v -e '^end ' -e ' ${folder}'`, `' ${folder}'`, `'^end '`].map(of).join('; ');
    await writeFile(
      join(tools, 'tree'),
      `#!/bin/sh\n[ "$1" = list ] || exec ${tree} "$@"\n${tree} "$@" > ${list}; ${order}\n`,
      { mode: 0o755 },
    );
    return this.withTools(tools);
  }

  static async make(): Promise<LocalGuest> {
    const scratch = await realpath(await mkdtemp(join(tmpdir(), 'bulkhead-review-')));
    const tools = join(scratch, 'tools');
    await mkdir(tools);
    execFileSync('cc', ['-D_GNU_SOURCE', '-O1', '-o', join(tools, 'tree'), SOURCE]);
    const busybox = ['/bin/busybox', '/usr/bin/busybox'].find(existsSync);
    // Without one, this computer's own programs of the same names.
    await (busybox === undefined
      ? writeFile(join(tools, 'busybox'), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 })
      : symlink(busybox, join(tools, 'busybox')));
    return new LocalGuest(scratch, tools);
  }

  guest(): Guest {
    const fake = {
      machineId: 'm-1',
      toolsFolder: this.tools,
      spawn: async (command: GuestCommand, options: { env?: Record<string, string> } = {}) =>
        localProcess(command, { ...options.env, ...this.env }),
      run: async (
        command: GuestCommand,
        options: { input?: Buffer; env?: Record<string, string>; maxBytes?: number } = {},
      ): Promise<CommandOutput> => {
        const process = localProcess(command, { ...options.env, ...this.env });
        const [stdout, stderr] = [collect(process.stdout), collect(process.stderr)];
        process.stdin.on('error', () => undefined);
        process.stdin.end(options.input);
        const status = await process.exited;
        return { ...status, stdout: await stdout, stderr: await stderr, truncated: false };
      },
    };
    return fake as unknown as Guest;
  }

  async dispose(): Promise<void> {
    await rm(this.scratch, { recursive: true, force: true });
  }
}

function localProcess(command: GuestCommand, env: Record<string, string> = {}): GuestProcess {
  const argv = 'argv' in command ? command.argv : (['/bin/sh', '-c', command.script] as const);
  const [program, ...args] = argv;
  // spawn() looks for a program by the PATH that it is given.
  const child = spawn(program, args, {
    env: {
      ...process.env,
      HOME: '/nonexistent',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
      ...env,
    },
  });
  const exited = new Promise<ExitStatus>((done, failed) => {
    child.once('error', failed);
    child.once('close', (code) => done({ code: code ?? 137 }));
  });
  exited.catch(() => undefined);
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    exited,
    resize: () => undefined,
    signal: () => undefined,
    dispose: () => void child.kill('SIGKILL'),
  };
}

async function collect(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

export type Files = Record<string, string | Buffer | { link: string } | { script: string }>;

/** A host folder, the copy of it in the "guest", and the gate between them. */
export class Gate {
  readonly gate: ReviewGate;
  /** Aborted: the machine's lock is another's by now. */
  readonly lost = new AbortController();

  private constructor(
    private readonly local: LocalGuest,
    readonly host: string,
    readonly workspace: string,
    readonly data: string,
    exclude: string[],
    private guestNow: () => Guest,
  ) {
    this.gate = new ReviewGate({
      log: silentLog,
      machine: async (id) => ({ id, folder: host, workspaceFolder: workspace, exclude, user: 'root' }),
      guest: async () => this.guestNow(),
      locked: async (_id, _options, work) => work(this.lost.signal),
      paths: this.paths(),
    });
  }

  static async of(
    local: LocalGuest,
    files: Files,
    options: { exclude?: string[]; baseline?: boolean; prepare?: (host: string) => Promise<void> } = {},
  ): Promise<Gate> {
    const folder = await realpath(await mkdtemp(join(local.scratch, 'case-')));
    const [host, workspace, data] = [join(folder, 'host'), join(folder, 'guest'), join(folder, 'data')];
    for (const each of [host, workspace, data]) {
      await mkdir(each);
    }
    const exclude = options.exclude ?? [];
    const made = new Gate(local, host, workspace, data, exclude, () => local.guest());
    await put(host, files);
    await options.prepare?.(host);
    execFileSync('cp', ['-a', `${host}/.`, workspace]);
    if (options.baseline !== false) {
      await keepCopy(
        local.guest(),
        {
          paths: { baseline: made.paths().baseline(), guestIndex: made.paths().guestIndex() },
          workspaceFolder: workspace,
          exclude,
          sent: await sentOf(host, exclude),
        },
        {},
      );
    }
    return made;
  }

  /** The bytes that an undo threw away, once more. */
  static async restoreBackup(backup: string, second: Buffer): Promise<void> {
    await mkdir(join(backup, 'files'), { recursive: true });
    await writeFile(join(backup, 'files', '1'), second);
  }

  paths() {
    return {
      baseline: () => join(this.data, 'baseline'),
      guestIndex: () => join(this.data, 'index'),
      reviews: () => join(this.data, 'reviews'),
      backups: join(this.data, 'backups'),
    };
  }

  /** Another gate over the same folders, as after a restart. */
  restarted(): Gate {
    return new Gate(this.local, this.host, this.workspace, this.data, [], () => this.local.guest());
  }

  /** The gate with another guest behind it. */
  with(local: LocalGuest): ReviewGate {
    this.guestNow = () => local.guest();
    return this.gate;
  }

  review(): Promise<Review> {
    return this.gate.review('m-1');
  }

  async kinds(): Promise<string[]> {
    return (await this.review()).changes.map(
      ({ kind, path, from }) => `${kind} ${from ? `${from} > ` : ''}${path}`,
    );
  }

  async change(path: string): Promise<ReviewChange> {
    const { changes } = await this.review();
    const found = changes.find((each) => each.path === path);
    if (!found) {
      throw new Error(`${path} is not in: ${changes.map((each) => each.path).join(', ')}`);
    }
    return found;
  }

  async apply(...selections: Selection[]) {
    return this.gate.applyReview((await this.review()).token, selections);
  }

  inGuest(files: Files): Promise<void> {
    return put(this.workspace, files);
  }

  onHost(files: Files): Promise<void> {
    return put(this.host, files);
  }

  read(path: string): Promise<string> {
    return readFile(join(this.host, path), 'utf8');
  }

  /** Everything of a folder with types, modes and contents. */
  snapshot(folder = this.host): string {
    return execFileSync(
      'sh',
      ['-c', 'find . -printf "%P %y %m %l\\n" | sort; find . -type f | sort | xargs -r -d "\\n" sha256sum'],
      { cwd: folder },
    ).toString();
  }
}

async function put(folder: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    if (typeof content === 'string' || Buffer.isBuffer(content)) {
      await writeFile(target, content);
    } else if ('link' in content) {
      await symlink(content.link, target);
    } else {
      await writeFile(target, content.script);
      await chmod(target, 0o755);
    }
  }
}

async function sentOf(folder: string, exclude: string[]): Promise<SentEntry[]> {
  const { entries } = await listHostTree(folder, parseExcludes(exclude), undefined);
  return Promise.all(
    entries.map(async ({ path, type, stat }): Promise<SentEntry> => {
      const entry = { path, type, mode: stat.mode & 0o7777, size: type === 'file' ? stat.size : 0 };
      if (type === 'file') {
        return { ...entry, sha256: sha256Of(await readFile(join(folder, path))) };
      }
      return type === 'symlink' ? { ...entry, target: await readlink(join(folder, path)) } : entry;
    }),
  );
}
