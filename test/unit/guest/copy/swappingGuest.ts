import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { HostFolder } from '../../../../src/guest/copy/hostFolder';

const FOLDERS = 300;

/** Swaps each folder of `staging` for a link to `victim`, as often as it can, until told to stop. */
const SWAP = `
const { parentPort, workerData: { staging, aside, victim, control } } = require('node:worker_threads');
const fs = require('node:fs');
const tell = new Int32Array(control);
parentPort.postMessage('swapping');
for (let k = 0; Atomics.load(tell, 0) === 0; k++) {
  const i = k % ${FOLDERS};
  try {
    fs.renameSync(staging + '/d' + i, aside + '/' + k);
    fs.symlinkSync(victim, staging + '/d' + i);
  } catch {}
}
`;

const SECRETS = 50;

/** Removes trees in `base`/project while somebody swaps folders in them for links to files elsewhere. Resolves with how many of those are lost. */
export async function lostToSwaps(base: string, rounds: number): Promise<number> {
  const victim = join(base, 'victim');
  const aside = join(base, 'aside');
  for (const folder of [victim, aside, join(base, 'project')]) {
    mkdirSync(folder);
  }
  for (let i = 0; i < SECRETS; i++) {
    writeFileSync(join(victim, `secret${i}`), 'x');
  }
  const target = await HostFolder.open(join(base, 'project'));
  for (let round = 0; round < rounds; round++) {
    const name = `staging${round}`;
    const staging = join(base, 'project', name);
    for (let i = 0; i < FOLDERS; i++) {
      mkdirSync(join(staging, `d${i}`), { recursive: true });
      writeFileSync(join(staging, `d${i}`, 'f'), '');
    }
    mkdirSync(join(aside, name));
    const control = new SharedArrayBuffer(4);
    const tell = new Int32Array(control);
    const worker = new Worker(SWAP, {
      eval: true,
      workerData: { staging, aside: join(aside, name), victim, control },
    });
    await once(worker, 'message', { signal: AbortSignal.timeout(30_000) });
    // It may fail, as a swapped folder is none: it must not go where the link leads.
    await target.remove(name).catch(() => undefined);
    Atomics.store(tell, 0, 1);
    await worker.terminate();
  }
  await target.close();
  return SECRETS - readdirSync(victim).length;
}
