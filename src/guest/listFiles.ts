import { throwIfAborted } from '../core/deadline';
import { relativePath } from './fileMatch';
import type { Guest } from './guest';
import { checkGuestPath, isInside, joinGuest } from './guestPath';
import { type AttemptEnd, runAttempts } from './runAttempts';
import { listAttempts } from './searchAttempts';
import { type FileScope, scopeFilter } from './searchQuery';
import { type SearchTools, searchTools } from './searchTools';

const LIST_MS = 120_000;
/** Files of a folder that "Go to File" knows, and the bytes that their names may take. */
export const FILES_MAX = 200_000;
const NAMES_BYTES_MAX = 64 * 1024 * 1024;
const PATH_MAX = 4096;

export interface ListSummary {
  tool: string;
  files: number;
  end: AttemptEnd;
  /** Names that the editor can't open: not UTF-8, too long, or outside the folder. */
  skipped: number;
}

/** The files below `folder` (absolute guest path), relative to it, as they come; what .gitignore names is left out where git or ripgrep is there. */
export async function listFiles(
  guest: Guest,
  folder: string,
  scope: FileScope,
  options: {
    signal: AbortSignal;
    onFiles: (paths: string[]) => void;
    limit?: number;
    user?: string;
    /** Looked for in the guest if left out. */
    tools?: SearchTools;
    deadlineMs?: number;
  },
): Promise<ListSummary> {
  const root = checkGuestPath(folder);
  const counts = scopeFilter(scope);
  const limit = options.limit ?? FILES_MAX;
  throwIfAborted(options.signal);
  const tools = options.tools ?? (await searchTools(guest));
  throwIfAborted(options.signal);
  let found = 0;
  let skipped = 0;
  let bytes = 0;
  const names = new NulNames();
  const { attempt, end } = await runAttempts(
    {
      guest,
      folder: root,
      user: options.user,
      signal: options.signal,
      deadlineMs: options.deadlineMs ?? LIST_MS,
    },
    listAttempts(tools, scope),
    (_attempt, chunk) => {
      bytes += chunk.length;
      const files: string[] = [];
      for (const name of names.push(chunk)) {
        const path = name === undefined ? undefined : relativePath(name);
        if (path === undefined || path === '' || !isInside(root, joinGuest(root, path))) {
          skipped++;
        } else if (counts(path)) {
          files.push(path);
        }
      }
      files.length = Math.min(files.length, limit - found);
      found += files.length;
      if (files.length > 0 && !options.signal.aborted) {
        options.onFiles(files);
      }
      return found < limit && bytes < NAMES_BYTES_MAX;
    },
  );
  return { tool: attempt.tool, files: found, end, skipped };
}

/** Splits at NUL; undefined for a name that is no UTF-8 or too long. */
export class NulNames {
  private rest: Buffer = Buffer.alloc(0);
  private tooLong = false;

  push(chunk: Buffer): (string | undefined)[] {
    const names: (string | undefined)[] = [];
    const all = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    let from = 0;
    for (let at = all.indexOf(0); at >= 0; at = all.indexOf(0, from)) {
      names.push(this.tooLong ? undefined : nameOf(all.subarray(from, at)));
      this.tooLong = false;
      from = at + 1;
    }
    this.rest = all.subarray(from);
    if (this.rest.length > PATH_MAX) {
      this.tooLong = true;
      this.rest = Buffer.alloc(0);
    }
    return names;
  }
}

function nameOf(bytes: Buffer): string | undefined {
  const name = bytes.toString();
  return bytes.length > PATH_MAX || name.includes('\ufffd') ? undefined : name;
}
