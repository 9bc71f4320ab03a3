import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BulkheadError, codeOf, messageOf } from '../../core/errors';
import { writeFileAtomic } from '../../core/files';
import type { Log } from '../../core/log';
import type { HostState } from '../host/hostPath';
import type { BaselineEntry } from '../look/baseline';

/** One thing that an apply does to this computer's folder. */
export interface ApplyStep {
  /** Relative to the folder. */
  path: string;
  before: HostState;
  after: HostState;
  /** Number of the file in the backup that holds what `before` was. */
  backup?: number;
  /** Name beside the path under which it is made before it gets its own. */
  temporary: string;
}

/** What an apply is about to do, is doing, or has done. Written before anything else is. */
export interface ApplyJournal {
  version: 1;
  applyId: string;
  machineId: string;
  folder: string;
  root: { path: string; dev: number; ino: number };
  /** Milliseconds since the epoch. */
  at: number;
  state: 'applying' | 'applied' | 'undoing' | 'undone';
  steps: ApplyStep[];
  /** The paths that the user picked and that were applied. */
  applied: string[];
  /** What the baseline said of each path before; null: nothing. */
  baselineBefore: [string, BaselineEntry | null][];
}

/** What an apply replaces fits beside the backups of the machine only if the undo of earlier ones goes. */
export class UndoRoomError extends BulkheadError {
  constructor(readonly lost: number) {
    const what = lost === 1 ? 'the undo of an earlier one' : `the undo of ${lost} earlier ones`;
    super(`There is no room to keep what these changes replace, unless ${what} is given up`, {
      kind: 'usage',
      next: 'Bring back fewer, or say that older undos may go (`--drop-undo`).',
    });
    this.name = 'UndoRoomError';
  }
}

const APPLY_ID = /^[0-9a-f]{24}$/;
/** Backups of one machine: how many, how old (ms), how large (bytes). The oldest go first, and no other machine's. */
export const BACKUPS_KEPT = { count: 100, ageMs: 30 * 24 * 3_600_000, bytes: 2 * 1024 ** 3 };

export function newApplyId(): string {
  return Date.now().toString(16).padStart(12, '0') + randomBytes(6).toString('hex');
}

/** `<folder>/<applyId>/journal.json`, and the bytes of what was replaced in `<folder>/<applyId>/files/<number>`. */
export class ApplyJournals {
  constructor(
    private readonly folder: string,
    private readonly log: Log,
  ) {}

  async write(journal: ApplyJournal): Promise<void> {
    await writeFileAtomic(join(this.pathOf(journal.applyId), 'journal.json'), JSON.stringify(journal));
  }

  /** @throws BulkheadError of kind `usage` if there is none of that name */
  async read(applyId: string): Promise<ApplyJournal> {
    try {
      const text = await readFile(join(this.pathOf(applyId), 'journal.json'), 'utf8');
      const journal = JSON.parse(text) as ApplyJournal;
      if (journal.version === 1 && journal.applyId === applyId) {
        return journal;
      }
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' && !(error instanceof SyntaxError)) {
        throw error;
      }
    }
    throw new BulkheadError(`There is no apply ${applyId} to undo`, {
      kind: 'usage',
      next: 'Backups of a machine are kept for 30 days, at most 100 of them and 2 GiB.',
    });
  }

  /** All of a machine, newest first. */
  async of(machineId: string): Promise<ApplyJournal[]> {
    const journals: ApplyJournal[] = [];
    for (const applyId of (await this.ids()).reverse()) {
      try {
        const journal = await this.read(applyId);
        if (journal.machineId === machineId) {
          journals.push(journal);
        }
      } catch (error) {
        this.log.warn(`A backup can't be read and is left out: ${messageOf(error)}`);
      }
    }
    return journals;
  }

  async keepBytes(applyId: string, backup: number, content: Buffer): Promise<void> {
    await writeFileAtomic(this.bytesOf(applyId, backup), content);
  }

  readBytes(applyId: string, backup: number): Promise<Buffer> {
    return readFile(this.bytesOf(applyId, backup));
  }

  async drop(applyId: string): Promise<void> {
    await rm(this.pathOf(applyId), { recursive: true, force: true });
  }

  /**
   * Whether what `journal` will replace fits beside the undos that are kept.
   * @throws UndoRoomError unless older ones may go
   */
  async assertRoom(journal: ApplyJournal, bytes: number, mayDrop: boolean): Promise<void> {
    let total = bytes;
    let lost = 0;
    for (const { applyId, state } of await this.of(journal.machineId)) {
      total += await this.sizeOf(applyId);
      lost += state === 'applied' && total > BACKUPS_KEPT.bytes ? 1 : 0;
    }
    if (lost > 0 && !mayDrop) {
      throw new UndoRoomError(lost);
    }
  }

  /**
   * Drops a machine's backups that are too old or too much; never one that is half done, nor `except`.
   * @returns those that could still be undone
   */
  async dropOld(machineId: string, except: string): Promise<ApplyJournal[]> {
    const dropped: ApplyJournal[] = [];
    let count = 0;
    let bytes = 0;
    for (const journal of await this.of(machineId)) {
      const { applyId, state } = journal;
      count++;
      bytes += await this.sizeOf(applyId);
      const age = Date.now() - Number.parseInt(applyId.slice(0, 12), 16);
      const { count: most, ageMs, bytes: room } = BACKUPS_KEPT;
      const isHalfDone = state === 'applying' || state === 'undoing';
      if (applyId === except || isHalfDone || (count <= most && bytes <= room && age <= ageMs)) {
        continue;
      }
      await this.drop(applyId);
      if (state === 'applied') {
        dropped.push(journal);
      }
    }
    return dropped;
  }

  /** What was undone is not undone again. */
  async dropBytes(applyId: string): Promise<void> {
    await rm(join(this.pathOf(applyId), 'files'), { recursive: true, force: true });
  }

  private async sizeOf(applyId: string): Promise<number> {
    const files = join(this.pathOf(applyId), 'files');
    const names = await readdir(files).catch(() => [] as string[]);
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(files, name))).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Oldest first: an id begins with its time. */
  private async ids(): Promise<string[]> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    return (await readdir(this.folder)).filter((name) => APPLY_ID.test(name)).sort();
  }

  private bytesOf(applyId: string, backup: number): string {
    return join(this.pathOf(applyId), 'files', String(backup));
  }

  private pathOf(applyId: string): string {
    if (!APPLY_ID.test(applyId)) {
      throw new BulkheadError(`Not the id of an apply: ${applyId.slice(0, 80)}`, { kind: 'usage' });
    }
    return join(this.folder, applyId);
  }
}
