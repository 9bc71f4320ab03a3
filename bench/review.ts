import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../src/app';
import { silentLog } from '../src/core/log';
import type { Review } from '../src/review/reviewService';
import { inTurn, report } from './measure';

const FOLDERS = 100;
const FILES_EACH = 100;
const CHANGES = 20;

/** A workspace of 10,000 files with 20 changes: a look at what a round changed, and one at the same again. */
export async function benchReview(rounds: number): Promise<void> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'bulkhead-bench-data-'));
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-bench-review-'));
  const app = createApp({ log: silentLog, dataDirectory, proxyCommand: ['false'] });
  let id: string | undefined;
  try {
    await plant(folder);
    const opened = await app.up(folder);
    id = opened.id;
    const guest = await app.guest(id);
    const machine = id;
    let round = 0;
    const change = async () => {
      round++;
      const script = `cd "$1" && for n in $(seq 1 ${CHANGES}); do echo "round ${round} $n" >> "folder-$n/file-$n.ts"; done`;
      const done = await guest.run({ argv: ['sh', '-c', script, 'sh', opened.workspace] });
      if (done.code !== 0) {
        throw new Error(`changing files: ${done.stderr}`);
      }
    };
    const look = async (hashed: number): Promise<void> => {
      const review: Review = await app.review(machine);
      if (review.changes.length !== CHANGES || review.hashedFiles !== hashed) {
        throw new Error(`${review.changes.length} changes, ${review.hashedFiles} files read`);
      }
    };
    const index = join(dataDirectory, 'baselines', `${machine}.index`);
    await change();
    await look(CHANGES);
    const measured = await inTurn(
      [
        {
          name: 'every file read anew (no index)',
          prepare: () => rm(index),
          run: () => look(FOLDERS * FILES_EACH),
        },
        { name: `${CHANGES} files changed since the last look`, prepare: change, run: () => look(CHANGES) },
        { name: 'nothing changed since the last look', run: () => look(0) },
      ],
      rounds,
    );
    report(`Reviewing a workspace of ${FOLDERS * FILES_EACH} files with ${CHANGES} changes`, measured, [
      [1, 0],
      [2, 1],
    ]);
  } finally {
    if (id !== undefined) {
      await app.remove(id);
    }
    app.dispose();
    await rm(folder, { recursive: true, force: true });
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

async function plant(folder: string): Promise<void> {
  for (let outer = 1; outer <= FOLDERS; outer++) {
    const inner = join(folder, `folder-${outer}`);
    await mkdir(inner);
    await Promise.all(
      Array.from({ length: FILES_EACH }, (_, n) =>
        writeFile(join(inner, `file-${n + 1}.ts`), `export const value = ${outer * 1000 + n};\n`.repeat(20)),
      ),
    );
  }
}
