import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createApp } from '../src/app';
import { silentLog } from '../src/core/log';
import type { Engine } from '../src/image/engine';
import type { Kit } from '../src/image/kit';
import type { MachineSpec } from '../src/machine/hypervisor';
import { containerName, MACHINE_FILTER } from '../src/machine/kvm/jail';
import { labelsOf } from '../src/machine/kvm/labels';
import { inOrder, machineRow } from '../src/views/machines/machineRows';
import { inTurn, report, run } from './measure';

const COUNT = 50;
const LABEL = 'bulkhead.bench';
const l10n = { t: (message: string) => message };

/** The Machines view with fifty machines: from nothing to its first row (labels alone, one request), against the docker program's own listing. */
export async function benchMachines(engine: Engine, kit: Kit, rounds: number): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'bulkhead-bench-data-'));
  const fresh = () => createApp({ log: silentLog, dataDirectory: data, proxyCommand: [] });
  const warm = fresh();
  const firstRow = async (app: ReturnType<typeof fresh>) => {
    const machines = await app.list();
    const rows = inOrder(machines, () => 'elsewhere').map((info) =>
      machineRow(info, 'elsewhere', undefined, l10n),
    );
    if (rows.length < COUNT) {
      throw new Error(`${rows.length} rows instead of ${COUNT}`);
    }
  };
  try {
    await createMachines(engine, kit);
    const filter = MACHINE_FILTER.label.flatMap((label) => ['--filter', `label=${label}`]);
    const measured = await inTurn(
      [
        {
          name: `first row of ${COUNT} machines, connecting to the Engine`,
          run: async () => {
            const app = fresh();
            await firstRow(app);
            app.dispose();
          },
        },
        { name: '`docker ps -a --filter label`', run: () => run('docker', ['ps', '-a', ...filter]) },
        { name: 'first row of the same, connected', run: () => firstRow(warm) },
      ],
      rounds,
    );
    report(`${COUNT} machines listed`, measured, [
      [0, 1],
      [2, 1],
    ]);
    console.log(
      `- memory held by a list of ${COUNT} machines: ${Math.round((await heldBytes(warm)) / 1024)} KiB`,
    );
  } finally {
    warm.dispose();
    await removeMachines(engine);
    await rm(data, { recursive: true, force: true });
  }
}

/** What one list keeps in memory: the growth over twenty of them, rubbish collected. */
async function heldBytes(app: { list(): Promise<unknown> }): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const lists: unknown[] = [];
  await app.list();
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 20; n++) {
    lists.push(await app.list());
  }
  collect();
  return (process.memoryUsage().heapUsed - before) / lists.length;
}

async function createMachines(engine: Engine, kit: Kit): Promise<void> {
  for (let n = 0; n < COUNT; n++) {
    const id = `bench-${process.pid}-${n}`;
    const spec: MachineSpec = {
      id,
      name: id,
      folder: `/bench/${id}`,
      diskKey: '0'.repeat(64),
      imageId: `sha256:${'0'.repeat(64)}`,
      imageReference: 'none',
      cpus: 1,
      memoryBytes: 2 ** 29,
      diskBytes: 2 ** 30,
      accelerator: 'tcg',
      networkMode: 'none',
      user: 'root',
      workspaceFolder: '/workspace',
      specHash: '',
      generation: '',
      onClose: 'keep',
      guest: {
        hostname: id,
        env: {},
        user: 'root',
        workspaceFolder: '/workspace',
        hostKey: '',
        authorizedKey: '',
      },
    };
    await engine.docker.createContainer({
      name: containerName(id),
      Image: kit.id,
      Labels: { ...labelsOf(spec, 'tcg'), [LABEL]: String(process.pid) },
    });
  }
}

async function removeMachines(engine: Engine): Promise<void> {
  const made = await engine.docker.listContainers({
    all: true,
    filters: { label: [`${LABEL}=${process.pid}`] },
  });
  for (const { Id } of made) {
    await engine.docker.getContainer(Id).remove({ force: true });
  }
}
