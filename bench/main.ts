import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { silentLog } from '../src/core/log';
import { connectEngine } from '../src/image/engine';
import { ensureKit } from '../src/image/kit';
import { benchBoot } from './boot';
import { benchEgress } from './egress';
import { benchFind } from './find';
import { benchImport } from './importLayers';
import { benchLoad } from './load';
import { benchMachines } from './machines';
import { benchReview } from './review';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: 'load,machines,import,boot,find,egress,review' },
  },
});
const rounds = Number(values.rounds);
const only = values.only.split(',');

async function main(): Promise<void> {
  if (only.includes('load')) {
    await benchLoad(rounds);
  }
  const engine = await connectEngine({ log: silentLog });
  const kit = await ensureKit(engine, { log: silentLog, kitFolder: join(process.cwd(), 'guest') });
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-bench-'));
  try {
    await writeFile(join(folder, 'README.md'), 'A bench workspace.\n');
    console.log(`Engine ${engine.version}, ${engine.ncpu} CPUs, kit ${kit.reference}, ${rounds} rounds`);
    if (only.includes('machines')) {
      await benchMachines(engine, kit, rounds);
    }
    if (only.includes('import')) {
      await benchImport(engine, kit, rounds);
    }
    if (only.includes('boot')) {
      await benchBoot(kit, folder, rounds);
    }
    if (only.includes('find')) {
      await benchFind(folder, rounds);
    }
    if (only.includes('egress')) {
      await benchEgress(engine, kit, folder, rounds);
    }
    if (only.includes('review')) {
      await benchReview(rounds);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
