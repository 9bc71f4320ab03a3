import { createHash } from 'node:crypto';
import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { throwIfAborted } from '../core/deadline';
import { BulkheadError, CancelledError, codeOf, DeadlineError } from '../core/errors';
import { printable } from '../core/log';
import type { ReportProgress } from '../core/progress';
import { openRegularFile } from '../core/regularFile';
import { parseExcludes } from './exclude';
import type { Guest, GuestProcess } from './guest';
import { checkGuestPath } from './guestPath';
import { type HostEntry, type HostTree, listHostTree } from './hostTree';
import { kitTools } from './kitTools';
import { describeEntry, headerOf, type SentEntry } from './sentEntry';

export interface UploadOptions {
  /** Absolute host folder; its contents are sent, `.git` included. */
  hostFolder: string;
  /** Absolute guest folder; made if it is not there. */
  guestFolder: string;
  /** Whose the files become. */
  user: string;
  /** See `parseExcludes`. */
  exclude: string[];
  /** More bytes than this are refused before the first is sent: what does not fit on the VM's disk. */
  maxBytes?: number;
  signal?: AbortSignal;
  onProgress?: ReportProgress;
}

export type SendOptions = Omit<UploadOptions, 'hostFolder' | 'exclude' | 'user' | 'maxBytes'> & {
  user?: string;
};

export interface UploadResult {
  files: number;
  bytes: number;
  /** In the order sent: folders before what is in them. */
  sent: SentEntry[];
  /** What was left out or changed on the way, each a sentence for the user. */
  warnings: string[];
}

const CHUNK = 256 * 1024;
/** Without any progress for this long, the upload has failed. */
const STALL_MS = 120_000;
const REPORT_MS = 100;
const WARNINGS_MAX = 200;

/** Sends the folder as one tar stream that is unpacked in the guest as `user`, so that the files are theirs. */
export async function uploadWorkspace(guest: Guest, options: UploadOptions): Promise<UploadResult> {
  const tree = await listHostTree(options.hostFolder, parseExcludes(options.exclude), options.signal);
  const { maxBytes = Number.POSITIVE_INFINITY } = options;
  if (tree.bytes > maxBytes) {
    throw new BulkheadError(
      `The folder has ${tree.bytes} bytes of files, and the VM's disk only ${maxBytes}: it can't be copied.`,
      {
        kind: 'usage',
        next: 'Leave files out with `workspace.exclude` in .bulkhead.json, or raise `disk` there.',
      },
    );
  }
  await makeFolder(guest, checkGuestPath(options.guestFolder), options);
  return sendTree(guest, tree, options);
}

/** Sends entries of a host folder into a guest folder that is there. `user` defaults to the machine's own. */
export async function sendTree(guest: Guest, tree: HostTree, options: SendOptions): Promise<UploadResult> {
  const folder = checkGuestPath(options.guestFolder);
  const process = await guest.spawn(
    {
      argv: [
        kitTools(guest).tar,
        '--extract',
        '--file=-',
        '--preserve-permissions',
        '--no-same-owner',
        `--directory=${folder}`,
      ],
    },
    {
      cwd: '/',
      ...(options.user !== undefined && { user: options.user }),
      ...(options.signal && { signal: options.signal }),
    },
  );
  return new Upload(tree, options, process).run();
}

/** Root makes the folder and gives it to the account; only numbers go from one to the other. */
async function makeFolder(guest: Guest, folder: string, options: UploadOptions): Promise<void> {
  const { busybox } = kitTools(guest);
  const wait = { cwd: '/', ...(options.signal && { signal: options.signal }) };
  const ids: string[] = [];
  for (const flag of ['-u', '-g']) {
    const output = await guest.run({ argv: [busybox, 'id', flag] }, { ...wait, user: options.user });
    const id = output.stdout.toString().trim();
    if (output.code !== 0 || !/^\d{1,10}$/.test(id)) {
      throw new BulkheadError(`The account ${printable(options.user, 100)} can't be used in the VM.`, {
        next: 'Check `remoteUser`: the image must have that account.',
        details: printable(output.stderr.toString(), 2_000),
      });
    }
    ids.push(id);
  }
  for (const argv of [
    [busybox, 'mkdir', '-p', '--', folder],
    [busybox, 'chown', '--', ids.join(':'), folder],
  ] as [string, ...string[]][]) {
    const output = await guest.run({ argv }, { ...wait, user: 'root' });
    if (output.code !== 0) {
      throw new BulkheadError(`Failed to make the workspace folder ${folder} in the VM.`, {
        details: printable(output.stderr.toString(), 2_000),
      });
    }
  }
}

class Upload {
  private readonly warnings: string[];
  private readonly tar: Pack = pack();
  private readonly sent: SentEntry[] = [];
  private files = 0;
  private bytes = 0;
  private lastReport = 0;
  private lastProgress = performance.now();
  private said = '';

  constructor(
    private readonly tree: HostTree,
    private readonly options: SendOptions,
    private readonly process: GuestProcess,
  ) {
    this.warnings = [...tree.warnings];
  }

  async run(): Promise<UploadResult> {
    const { process, tar } = this;
    const stop = (error: Error) => {
      tar.destroy(error);
      process.dispose();
    };
    const onAbort = () => stop(new CancelledError());
    this.options.signal?.addEventListener('abort', onAbort, { once: true });
    let stalled: Error | undefined;
    const watchdog = setInterval(() => {
      if (performance.now() - this.lastProgress > STALL_MS) {
        stalled = new DeadlineError('Copying the workspace into the VM', STALL_MS);
        stop(stalled);
      }
    }, 1_000);
    process.stdout.resume();
    process.stderr.on('data', (chunk: Buffer) => {
      this.said = (this.said + chunk.toString()).slice(-4_000);
    });
    try {
      throwIfAborted(this.options.signal);
      const sent = pipeline(tar, process.stdin);
      const packed = this.packAll().catch((error: Error) => {
        tar.destroy(error);
        throw error;
      });
      // A tar that gave up tells more than the broken pipe it leaves.
      const [streamed, made] = await Promise.allSettled([sent, packed]);
      throwIfAborted(this.options.signal);
      if (stalled) {
        throw stalled;
      }
      const { code } = await process.exited;
      if (code !== 0) {
        throw new BulkheadError(`Unpacking the workspace in the VM failed (exit code ${code}).`, {
          next: 'If the disk is full, raise `disk` in .bulkhead.json and open the folder again.',
          details: printable(this.said, 4_000),
        });
      }
      for (const outcome of [made, streamed]) {
        if (outcome.status === 'rejected') {
          throw outcome.reason;
        }
      }
      this.report(true);
      const warnings = this.warnings.slice(0, WARNINGS_MAX);
      return { files: this.files, bytes: this.bytes, sent: this.sent, warnings };
    } finally {
      clearInterval(watchdog);
      this.options.signal?.removeEventListener('abort', onAbort);
      process.dispose();
    }
  }

  private async packAll(): Promise<void> {
    for (const entry of this.tree.entries) {
      throwIfAborted(this.options.signal);
      if (entry.type === 'file') {
        await this.packFile(entry);
      } else {
        await this.packOther(entry);
      }
    }
    this.tar.finalize();
  }

  private async packOther(entry: HostEntry): Promise<void> {
    const header = headerOf(entry);
    if (entry.type === 'symlink') {
      try {
        header.linkname = await readlink(join(this.tree.root, entry.path));
      } catch (error) {
        this.warn(entry, error);
        return;
      }
    }
    await new Promise<void>((resolve, reject) => {
      const sink = this.tar.entry(header, (error) => (error ? reject(error) : resolve()));
      sink.on('error', reject);
    });
    const { linkname } = header;
    this.sent.push({
      ...describeEntry(entry),
      ...(entry.type === 'symlink' && linkname && { target: linkname }),
    });
  }

  /** The header promises a size, and exactly that many bytes follow, whatever happens to the file. */
  private async packFile(entry: HostEntry): Promise<void> {
    let opened: Awaited<ReturnType<typeof openRegularFile>>;
    try {
      opened = await openRegularFile(join(this.tree.root, entry.path), this.tree.root);
    } catch (error) {
      this.warn(entry, error);
      return;
    }
    const { file, stat } = opened;
    try {
      let finished: (error?: Error | null) => void = () => undefined;
      const done = new Promise<void>((resolve, reject) => {
        finished = (error) => (error ? reject(error) : resolve());
      });
      done.catch(() => undefined);
      const sink = this.tar.entry({ ...headerOf(entry), size: stat.size }, (error) => finished(error));
      // `done` tells of a failure; the stream must not throw it as well.
      sink.on('error', () => undefined);
      const hash = createHash('sha256');
      let shrank = false;
      let left = stat.size;
      while (left > 0) {
        const chunk = Buffer.allocUnsafe(Math.min(CHUNK, left));
        const { bytesRead } = await file.read(chunk, 0, chunk.length, stat.size - left);
        if (bytesRead === 0) {
          shrank = true;
          chunk.fill(0);
        }
        const bytes = bytesRead === 0 ? chunk : chunk.subarray(0, bytesRead);
        left -= bytes.length;
        hash.update(bytes);
        this.bytes += bytes.length;
        if (!sink.write(bytes)) {
          await Promise.race([done, new Promise<void>((resolve) => sink.once('drain', () => resolve()))]);
        }
        throwIfAborted(this.options.signal);
        this.report(false);
      }
      sink.end(null);
      await done;
      if (shrank) {
        this.warnings.push(`${printable(entry.path, 300)} shrank while it was copied: filled with zeros.`);
      } else if ((await file.stat()).size > stat.size) {
        this.warnings.push(`${printable(entry.path, 300)} grew while it was copied: cut.`);
      }
      this.files++;
      this.sent.push({ ...describeEntry(entry), size: stat.size, sha256: hash.digest('hex') });
    } finally {
      await file.close();
    }
  }

  private warn(entry: HostEntry, error: unknown): void {
    this.warnings.push(
      `${printable(entry.path, 300)} can't be read (${codeOf(error) ?? 'changed'}): left out.`,
    );
  }

  private report(last: boolean): void {
    const now = performance.now();
    this.lastProgress = now;
    if (last || now - this.lastReport >= REPORT_MS) {
      this.lastReport = now;
      this.options.onProgress?.({
        phase: 'upload',
        message: `${this.files} files`,
        done: Math.min(this.bytes, this.tree.bytes),
        total: this.tree.bytes,
        unit: 'bytes',
      });
    }
  }
}
