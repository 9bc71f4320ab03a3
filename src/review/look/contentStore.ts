import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BulkheadError, codeOf } from '../../core/errors';

/** What the guest's files of one machine's reviews may take on this computer. */
const TOTAL_MAX = 1024 ** 3;
const HASH = /^[0-9a-f]{64}$/;

/** The guest's files as they were looked at, by SHA-256: what is applied comes from here and nowhere else. */
export class ContentStore {
  private bytes: number | undefined;

  constructor(private readonly folder: string) {}

  /** @returns the SHA-256, hex */
  async put(content: Buffer): Promise<string> {
    const sha256 = sha256Of(content);
    if (await this.has(sha256)) {
      return sha256;
    }
    this.bytes ??= await this.measure();
    if (this.bytes + content.length > TOTAL_MAX) {
      throw new BulkheadError('The changes of this machine take more than 1 GiB: too much to review', {
        next: 'Leave generated files out with `workspace.exclude`, or copy them with `bulkhead cp`.',
      });
    }
    this.bytes += content.length;
    // Not synced: whoever reads it hashes it again.
    const temporary = join(this.folder, `.${randomBytes(6).toString('hex')}.tmp`);
    await writeFile(temporary, content, { flag: 'wx', mode: 0o600 });
    await rename(temporary, this.pathOf(sha256));
    return sha256;
  }

  async has(sha256: string): Promise<boolean> {
    try {
      await stat(this.pathOf(sha256));
      return true;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') {
        return false;
      }
      throw error;
    }
  }

  /** The bytes, hashed again; undefined if they are not there, or not what their name says. */
  async get(sha256: string): Promise<Buffer | undefined> {
    try {
      const content = await readFile(this.pathOf(sha256));
      return sha256Of(content) === sha256 ? content : undefined;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') {
        return undefined;
      }
      throw error;
    }
  }

  /** Removes all but these. */
  async keepOnly(wanted: ReadonlySet<string>): Promise<void> {
    for (const name of await this.names()) {
      if (!wanted.has(name)) {
        await rm(join(this.folder, name), { force: true });
      }
    }
    this.bytes = undefined;
  }

  private async measure(): Promise<number> {
    let total = 0;
    for (const name of await this.names()) {
      total += (await stat(join(this.folder, name))).size;
    }
    return total;
  }

  private async names(): Promise<string[]> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    return readdir(this.folder);
  }

  private pathOf(sha256: string): string {
    if (!HASH.test(sha256)) {
      throw new BulkheadError(`Not a SHA-256: ${sha256.slice(0, 80)}`);
    }
    return join(this.folder, sha256);
  }
}

export function sha256Of(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
