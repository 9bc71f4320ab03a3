import type { HostFolder } from '../../guest/copy/hostFolder';
import { collidingName } from '../host/hostCollision';
import { hostStateAt, hostStateOf } from '../host/hostPath';
import type { ApplyStep } from './applyJournals';
import { ChangedMeanwhile } from './applyStep';
import { Refused } from './planApply';

/** Folders on the way to what an apply writes: planned before anything happens, made when they are needed. */
export class NewFolders {
  private readonly planned = new Map<string, ApplyStep>();
  private readonly there = new Set<string>();
  private readonly made = new Set<ApplyStep>();

  constructor(
    private readonly root: HostFolder,
    private readonly most: number,
  ) {}

  get steps(): ApplyStep[] {
    return [...this.planned.values()];
  }

  /** @throws Refused if they are too many */
  async plan(path: string): Promise<void> {
    let isMissing = false;
    for (const folder of foldersTo(path)) {
      if (this.there.has(folder)) {
        continue;
      }
      isMissing ||= this.planned.has(folder) || (await hostStateAt(this.root, folder)).type === 'absent';
      if (!isMissing) {
        this.there.add(folder);
      } else if (!this.planned.has(folder)) {
        if (this.planned.size >= this.most) {
          throw new Refused(`one apply makes at most ${this.most} folders`);
        }
        const after = { type: 'directory', mode: 0o777 & ~process.umask() } as const;
        // A folder is made under its own name at once: no other is used.
        this.planned.set(folder, { path: folder, before: { type: 'absent' }, after, temporary: '' });
      }
    }
  }

  /** Makes those to `path` that are missing, in one walk. What it made goes into `taken`, also if it fails. @throws ChangedMeanwhile */
  async make(path: string, taken: ApplyStep[]): Promise<void> {
    const opened: HostFolder[] = [];
    try {
      let holder = this.root;
      for (const folder of foldersTo(path)) {
        const name = folder.slice(folder.lastIndexOf('/') + 1);
        const kind = await holder.look(name);
        const step = this.planned.get(folder);
        if (kind === undefined && step && (await collidingName(holder, name, undefined)) === undefined) {
          await holder.makeFolder(name, 0o777 & ~process.umask());
          step.after = await hostStateOf(holder, name);
          this.made.add(step);
          taken.push(step);
        } else if (kind !== 'directory') {
          throw new ChangedMeanwhile('a folder on the way to it is gone, or is a link now');
        }
        holder = await holder.child(name);
        opened.push(holder);
      }
    } finally {
      await Promise.all(opened.map((each) => each.close()));
    }
  }

  /** A later change may need it, and make it again. */
  tookBack(step: ApplyStep): void {
    this.made.delete(step);
  }

  /** Planned, but not there: the changes that needed it were refused. */
  isUnused(step: ApplyStep): boolean {
    return this.planned.get(step.path) === step && !this.made.has(step);
  }
}

function foldersTo(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, depth) => names.slice(0, depth + 1).join('/'));
}
