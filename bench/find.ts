import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../src/app';
import { silentLog } from '../src/core/log';
import { listFiles } from '../src/guest/listFiles';
import { searchFiles } from '../src/guest/searchFiles';
import { inTurn, report } from './measure';

const FILES = 20_000;
const SCOPE = { include: [], exclude: ['**/node_modules'], useIgnoreFiles: true };
const PLANT = `mkdir -p "$1/many" && cd "$1/many" && seq -f 'file-%05.0f.txt' 1 ${FILES} | xargs touch && echo needle > file-10000.txt`;

/** A folder of 20,000 files in the guest: how soon there is a first row, against `find` over the same connection. */
export async function benchFind(folder: string, rounds: number): Promise<void> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'bulkhead-bench-data-'));
  const app = createApp({ log: silentLog, dataDirectory, proxyCommand: ['false'] });
  const { id, workspace } = await app.up(folder);
  try {
    const guest = await app.guest(id);
    const planted = await guest.run({ argv: ['sh', '-c', PLANT, 'sh', workspace] });
    if (planted.code !== 0) {
      throw new Error(`planting files: ${planted.stderr}`);
    }
    const files = await guest.files();
    const many = `${workspace}/many`;
    const find = async () => {
      const { stdout } = await guest.run({ argv: ['find', many, '-type', 'f'] }, { maxBytes: 4 * 2 ** 20 });
      expectAll(stdout.toString().split('\n').length - 1);
    };
    const measured = await inTurn(
      [
        { name: '`find` over SSH, to its end', run: find },
        { name: 'Go to File: the first row', run: () => firstRow(guest, workspace) },
        {
          name: 'Go to File: all files known',
          run: async () => {
            const { files: count } = await listFiles(guest, many, SCOPE, {
              signal: AbortSignal.timeout(60_000),
              onFiles: () => undefined,
            });
            expectAll(count);
          },
        },
        {
          name: 'the explorer reads the folder (`readDirectory`, with sizes and times)',
          run: async () => expectAll((await files.readDirectory(many)).length),
        },
        {
          name: 'Find in Files: one match in all',
          run: async () => {
            const query = { text: 'needle', regex: false, matchCase: true, wholeWord: false, scope: SCOPE };
            const { matches } = await searchFiles(guest, many, query, {
              signal: AbortSignal.timeout(60_000),
              onMatches: () => undefined,
            });
            if (matches !== 1) {
              throw new Error(`${matches} matches`);
            }
          },
        },
      ],
      rounds,
    );
    report(`Finding in a folder of ${FILES} files`, measured, [
      [1, 0, '≤ 1'],
      [2, 0, '≤ 1.5'],
      [3, 0],
      [4, 0],
    ]);
  } finally {
    await app.remove(id);
    app.dispose();
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

/** Until the first files come in; the rest is cancelled, as when somebody takes the first row. */
async function firstRow(guest: Parameters<typeof listFiles>[0], folder: string): Promise<void> {
  const stop = new AbortController();
  await new Promise<void>((resolve, reject) => {
    listFiles(guest, folder, SCOPE, { signal: stop.signal, onFiles: () => resolve() }).catch(reject);
  });
  stop.abort();
}

function expectAll(count: number): void {
  if (count !== FILES) {
    throw new Error(`${count} files instead of ${FILES}`);
  }
}
