import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../../core/files';
import type { GuestEntry } from '../../guest/tree/listGuestTree';

/**
 * SHA-256 of the guest's files by what their size and times were then, so that a second look reads only what changed. A guest
 * that lies about its times hides a change of its own; what is applied is never taken from here.
 */
export class GuestIndex {
  private constructor(private readonly known: Map<string, string>) {}

  static empty(): GuestIndex {
    return new GuestIndex(new Map());
  }

  /** One that can't be read is empty: everything is looked at anew. */
  static async read(file: string): Promise<GuestIndex> {
    const known = new Map<string, string>();
    let text: string;
    try {
      text = await readFile(file, 'utf8');
    } catch {
      return new GuestIndex(known);
    }
    for (const line of text.split('\n')) {
      const [, key, path] = /^(\S+ \S+ \S+ \S+ [0-9a-f]{64}) (.+)$/.exec(line) ?? [];
      if (key !== undefined && path !== undefined) {
        known.set(decodeURIComponentSafe(path), key);
      }
    }
    return new GuestIndex(known);
  }

  async write(file: string): Promise<void> {
    const lines = [...this.known].map(([path, key]) => `${key} ${encodeURIComponent(path)}`);
    await writeFileAtomic(file, `${lines.join('\n')}\n`);
  }

  sha256(path: string, entry: GuestEntry): string | undefined {
    const key = this.known.get(path);
    const stat = statOf(entry);
    return key?.startsWith(`${stat} `) ? key.slice(stat.length + 1) : undefined;
  }

  set(path: string, entry: GuestEntry, sha256: string): void {
    this.known.set(path, `${statOf(entry)} ${sha256}`);
  }

  /** Forgets what is not there any more. */
  keepOnly(paths: ReadonlyMap<string, unknown>): void {
    for (const path of this.known.keys()) {
      if (!paths.has(path)) {
        this.known.delete(path);
      }
    }
  }
}

/** What changes with every write to a file. */
export function statOf({ size, mtime, ctime, inode }: GuestEntry): string {
  return `${size} ${mtime} ${ctime} ${inode}`;
}

function decodeURIComponentSafe(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
