import { isInside } from '../guestPath';

/** One letter of porcelain's XY field (git-status(1), "Porcelain Format Version 2"); `.` is "unchanged". */
export type ChangeCode = '.' | 'M' | 'T' | 'A' | 'D' | 'R' | 'C' | 'U';

export interface GitChange {
  /** Relative to the repository's root, clean: no empty, `.` or `..` component. May hold control characters. */
  path: string;
  kind: 'tracked' | 'untracked' | 'conflict';
  /** HEAD against the index, and the index against the files. `.` for untracked files. */
  index: ChangeCode;
  worktree: ChangeCode;
  /** Where a renamed or copied file came from. */
  originalPath?: string;
  /** Blob in the index (hex), for tracked files. Names the version that a diff shows. */
  indexId?: string;
  /** A repository of its own inside this one: a submodule, or a folder with a `.git` that is not tracked. */
  repository: boolean;
}

export interface GitBranch {
  /** The commit that is checked out (hex); undefined before the first commit. */
  head?: string;
  /** Undefined if HEAD is detached. */
  name?: string;
  upstream?: string;
  ahead: number;
  behind: number;
}

export interface GitStatus {
  branch: GitBranch;
  changes: GitChange[];
  /** There are more changes than were read. */
  truncated: boolean;
  /** Entries left out: paths that no work tree has, or whose names aren't UTF-8, or lines in no known form. */
  dropped: number;
}

/** Linux's PATH_MAX twice (a rename has two paths), and the fields before it. */
const RECORD_MAX = 10_000;
const NAME_MAX = 1000;

const OBJECT_ID = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
const TRACKED = /^([.MTADRCU])([.MTADRCU]) ([NS])[.CMU]{3} (?:[0-7]{6} ){3}([0-9a-f]+) ([0-9a-f]+) (.*)$/s;
const RENAMED =
  /^([.MTADRCU])([.MTADRCU]) ([NS])[.CMU]{3} (?:[0-7]{6} ){3}([0-9a-f]+) ([0-9a-f]+) [RC]\d{1,3} (.*)$/s;
const CONFLICT = /^([.MTADRCU])([.MTADRCU]) ([NS])[.CMU]{3} (?:[0-7]{6} ){4}(?:[0-9a-f]+ ){3}(.*)$/s;

/** Reads `git status --porcelain=v2 -z --branch` as it comes. All of it is the guest's word. */
export class GitStatusParser {
  private readonly branch: GitBranch = { ahead: 0, behind: 0 };
  private readonly changes: GitChange[] = [];
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });
  private rest = Buffer.alloc(0);
  /** Inside a record that is longer than any that git writes. */
  private skipping = false;
  /** A rename's record, whose other path is the next one. */
  private renamed: GitChange | 'dropped' | undefined;
  private dropped = 0;
  private full = false;

  constructor(private readonly limit: number) {}

  /** True once there is no use in reading on. */
  get isFull(): boolean {
    return this.full;
  }

  push(chunk: Buffer): void {
    let bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    for (let end = bytes.indexOf(0); end >= 0 && !this.full; end = bytes.indexOf(0)) {
      if (this.skipping) {
        this.skipping = false;
        this.drop();
      } else {
        this.record(bytes.subarray(0, end));
      }
      bytes = bytes.subarray(end + 1);
    }
    if (bytes.length > RECORD_MAX) {
      this.skipping = true;
    }
    this.rest = this.skipping || this.full ? Buffer.alloc(0) : Buffer.from(bytes);
  }

  end(): GitStatus {
    if (this.rest.length > 0 || this.skipping || this.renamed) {
      this.dropped++;
    }
    const { branch, changes, full: truncated, dropped } = this;
    return { branch, changes, truncated, dropped };
  }

  private record(bytes: Buffer): void {
    if (bytes.length > RECORD_MAX) {
      this.drop();
      return;
    }
    let text: string;
    try {
      text = this.decoder.decode(bytes);
    } catch {
      this.drop();
      return;
    }
    if (this.renamed) {
      this.finishRename(text);
    } else if (text.startsWith('# ')) {
      this.header(text.slice(2));
    } else {
      this.entry(text.slice(0, 2), text.slice(2));
    }
  }

  private entry(form: string, text: string): void {
    const fields = (pattern: RegExp) => pattern.exec(text) ?? undefined;
    if (form === '1 ') {
      const found = fields(TRACKED);
      this.add(found && tracked(found));
    } else if (form === '2 ') {
      const found = fields(RENAMED);
      this.renamed = (found && tracked(found)) ?? 'dropped';
    } else if (form === 'u ') {
      const [, index, worktree, module, path = ''] = fields(CONFLICT) ?? [];
      this.add(
        index && worktree && isPath(path)
          ? {
              path,
              kind: 'conflict',
              index: index as ChangeCode,
              worktree: worktree as ChangeCode,
              repository: module === 'S',
            }
          : undefined,
      );
    } else if (form === '? ') {
      const repository = text.endsWith('/');
      const path = repository ? text.slice(0, -1) : text;
      this.add(isPath(path) ? { path, kind: 'untracked', index: '.', worktree: '.', repository } : undefined);
    } else if (form !== '! ') {
      this.drop();
    }
  }

  private finishRename(originalPath: string): void {
    const change = this.renamed;
    this.renamed = undefined;
    this.add(
      change !== 'dropped' && change && isPath(originalPath) ? { ...change, originalPath } : undefined,
    );
  }

  private header(text: string): void {
    const [key, ...words] = text.split(' ');
    const value = words.join(' ');
    if (key === 'branch.oid' && OBJECT_ID.test(value)) {
      this.branch.head = value;
    } else if (key === 'branch.head' && value !== '(detached)' && isName(value)) {
      this.branch.name = value;
    } else if (key === 'branch.upstream' && isName(value)) {
      this.branch.upstream = value;
    } else if (key === 'branch.ab') {
      const [, ahead, behind] = /^\+(\d{1,9}) -(\d{1,9})$/.exec(value) ?? [];
      this.branch.ahead = Number(ahead ?? 0);
      this.branch.behind = Number(behind ?? 0);
    }
  }

  private add(change: GitChange | undefined): void {
    if (!change) {
      this.drop();
    } else if (this.changes.length >= this.limit) {
      this.full = true;
    } else {
      this.changes.push(change);
    }
  }

  /** What can't be read is counted, and a guest that sends nothing else is not listened to for ever. */
  private drop(): void {
    this.dropped++;
    if (this.renamed) {
      this.renamed = undefined;
    }
    if (this.dropped >= this.limit) {
      this.full = true;
    }
  }
}

function tracked(found: RegExpExecArray): GitChange | undefined {
  const [, index, worktree, module, , indexId = '', path = ''] = found;
  if (!isPath(path) || !OBJECT_ID.test(indexId)) {
    return undefined;
  }
  return {
    path,
    kind: 'tracked',
    index: index as ChangeCode,
    worktree: worktree as ChangeCode,
    indexId,
    repository: module === 'S',
  };
}

/** A path that a work tree can have: relative, and never out of it. */
function isPath(path: string): boolean {
  return isInside('/', `/${path}`) && path !== '' && !path.split('/').includes('.git');
}

/** A name that git-check-ref-format(1) lets a branch have, as far as it matters here. */
export function isName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what a name must not have
  return name !== '' && name.length <= NAME_MAX && !/[\u0000-\u0020\u007f~^:?*[\\]|^-|\.\./.test(name);
}
