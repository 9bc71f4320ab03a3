import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BulkheadError, codeOf } from '../../core/errors';
import { writeFileAtomic } from '../../core/files';
import { ContentStore } from './contentStore';
import type { StoredReview } from './lookedAt';

/** Looks at one machine that are kept; older ones and the contents that only they had go. */
const KEPT = 4;
const TOKEN = /^([a-z0-9][a-z0-9-]*)_([0-9a-f]{32})$/;

/** The looks at one machine, each under its token: `<folder>/<token>.json`, and the contents in `<folder>/content/`. */
export class StoredReviews {
  readonly store: ContentStore;

  constructor(private readonly folder: string) {
    this.store = new ContentStore(join(folder, 'content'));
  }

  async save(review: Omit<StoredReview, 'version' | 'token'>): Promise<StoredReview> {
    const token = `${review.machineId}_${randomBytes(16).toString('hex')}`;
    const stored: StoredReview = { ...review, version: 1, token };
    await writeFileAtomic(this.pathOf(token), JSON.stringify(stored));
    await this.dropOld();
    return stored;
  }

  async load(token: string): Promise<StoredReview> {
    try {
      const review = JSON.parse(await readFile(this.pathOf(token), 'utf8')) as StoredReview;
      if (review.version === 1 && review.token === token) {
        return review;
      }
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' && !(error instanceof SyntaxError)) {
        throw error;
      }
    }
    throw new BulkheadError('This look at the machine’s changes is not kept any more', {
      kind: 'usage',
      next: 'Look at the changes again.',
    });
  }

  private async dropOld(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const files = (await readdir(this.folder)).filter((name) => name.endsWith('.json'));
    const aged = await Promise.all(
      files.map(async (name) => ({ name, at: (await stat(join(this.folder, name))).mtimeMs })),
    );
    aged.sort((a, b) => b.at - a.at);
    const wanted = new Set<string>();
    for (const [index, { name }] of aged.entries()) {
      if (index >= KEPT) {
        await rm(join(this.folder, name), { force: true });
        continue;
      }
      const review = await this.load(name.slice(0, -'.json'.length)).catch(() => undefined);
      for (const { guest } of review?.looked ?? []) {
        if (guest.sha256 !== undefined) {
          wanted.add(guest.sha256);
        }
      }
    }
    await this.store.keepOnly(wanted);
  }

  private pathOf(token: string): string {
    machineOfToken(token);
    return join(this.folder, `${token}.json`);
  }
}

/** @throws BulkheadError of kind `usage` if it is no token */
export function machineOfToken(token: string): string {
  const [, machineId] = TOKEN.exec(token) ?? [];
  if (machineId === undefined) {
    throw new BulkheadError('Not a token of a look at a machine’s changes', { kind: 'usage' });
  }
  return machineId;
}
