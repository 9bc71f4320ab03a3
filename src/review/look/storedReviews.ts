import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BulkheadError, codeOf } from '../../core/errors';
import { writeFileAtomic } from '../../core/files';
import type { ShownIn } from '../reviewService';
import { ContentStore } from './contentStore';
import type { StoredReview } from './lookedAt';

/** Looks at one machine that are kept, by where they were shown; older ones and the contents that only they had go. */
const KEPT: Record<ShownIn, number> = { editor: 4, terminal: 4, nowhere: 1 };
const VERSION = 2;
const TOKEN = /^([a-z0-9][a-z0-9-]*)_([0-9a-f]{32})$/;

/** The looks at one machine, each under its token: `<folder>/<token>.json`, and the contents in `<folder>/content/`. */
export class StoredReviews {
  readonly store: ContentStore;

  constructor(private readonly folder: string) {
    this.store = new ContentStore(join(folder, 'content'));
  }

  async save(review: Omit<StoredReview, 'version' | 'token'>): Promise<StoredReview> {
    const token = `${review.machineId}_${randomBytes(16).toString('hex')}`;
    const stored: StoredReview = { ...review, version: VERSION, token };
    await writeFileAtomic(this.pathOf(token), JSON.stringify(stored));
    await this.dropOld();
    return stored;
  }

  async load(token: string): Promise<StoredReview> {
    try {
      const review = JSON.parse(await readFile(this.pathOf(token), 'utf8')) as StoredReview;
      if (review.version === VERSION && review.token === token) {
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

  /** The newest look that was shown there. */
  async latest(shownIn: ShownIn): Promise<StoredReview | undefined> {
    return (await this.all()).find((review) => review.shownIn === shownIn);
  }

  private async dropOld(): Promise<void> {
    const wanted = new Set<string>();
    const left = { ...KEPT };
    for (const { token, shownIn, looked } of await this.all()) {
      if (left[shownIn]-- <= 0) {
        await rm(this.pathOf(token), { force: true });
        continue;
      }
      for (const { guest } of looked) {
        if (guest.sha256 !== undefined) {
          wanted.add(guest.sha256);
        }
      }
    }
    await this.store.keepOnly(wanted);
  }

  /** Newest first. What can't be read, or is of another version, goes. */
  private async all(): Promise<StoredReview[]> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const found: StoredReview[] = [];
    for (const name of (await readdir(this.folder)).filter((each) => each.endsWith('.json'))) {
      const review = await this.load(name.slice(0, -'.json'.length)).catch(() => undefined);
      if (review) {
        found.push(review);
      } else {
        await rm(join(this.folder, name), { force: true });
      }
    }
    return found.sort((a, b) => b.at - a.at);
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
