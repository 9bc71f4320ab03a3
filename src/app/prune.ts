import { access } from 'node:fs/promises';
import type { VolumeInspectInfo } from 'dockerode';
import { BulkheadError } from '../core/errors';
import { removeUnused } from '../disk/layerStore';
import type { Engine } from '../image/engine';
import { engineFailure, statusOf } from '../image/engineFailure';
import { isWorkerName } from '../image/workerName';
import type { WaitOptions } from '../machine/hypervisor';
import { CONTAINER_LABELS, machineIdOfListed, machineIdOfVolume } from '../machine/kvm/ours';
import type { PruneResult } from './contract';
import type { Services } from './services';
import { wait } from './wait';

/** An `up` of another process imports a disk some seconds before its machine exists. */
const FRESH_MINUTES = 15;
const KIT_IMAGES = 'bulkhead-kit';
const MACHINE_IMAGES = ['bulkhead-image', 'bulkhead-image-base'];

type Removed = PruneResult['removed'][number];

/** Removes what no machine needs: disks and layers, volumes and images without a machine, older kits, ended workers. */
export async function prune(
  services: Services,
  options: WaitOptions & { dryRun?: boolean },
): Promise<PruneResult> {
  const { engine, hypervisor } = await services.connect(wait(options));
  const dryRun = options.dryRun === true;
  const machines = await hypervisor.list(wait(options));
  const kit = await services.kit(wait(options));
  const removed: Removed[] = [];
  removed.push(...(await endedWorkers(engine, dryRun)));
  removed.push(...(await orphanedCompanions(engine, new Set(machines.map(({ id }) => id)), dryRun)));
  removed.push(...(await orphanedVolumes(services, new Set(machines.map(({ id }) => id)), dryRun)));
  const keep = [...new Set(machines.map(({ diskKey }) => diskKey))];
  removed.push(
    ...(await removeUnused(engine, kit, keep, { ...wait(options), dryRun, minAgeMinutes: FRESH_MINUTES })),
  );
  const wanted = new Set([
    kit.reference,
    ...machines.flatMap(({ id }) => MACHINE_IMAGES.map((name) => `${name}:${id}`)),
  ]);
  removed.push(...(await unusedImages(engine, wanted, dryRun)));
  return { removed, freedBytes: removed.reduce((sum, { bytes }) => sum + bytes, 0), dryRun };
}

async function endedWorkers(engine: Engine, dryRun: boolean): Promise<Removed[]> {
  const workers = await engine.docker.listContainers({
    all: true,
    filters: { label: ['bulkhead.worker'], status: ['exited', 'dead', 'created'] },
  });
  return removeEach(
    workers.filter(({ Names }) => isWorkerName(Names)),
    dryRun,
    async ({ Id }) => engine.docker.getContainer(Id).remove(),
    ({ Id }) => ({
      kind: 'container',
      name: Id.slice(0, 12),
      bytes: 0,
    }),
  );
}

/**
 * A proxy, and what serves a mounted folder, go with their machine; one is left if somebody removed the machine's container by
 * hand.
 */
async function orphanedCompanions(engine: Engine, ids: Set<string>, dryRun: boolean): Promise<Removed[]> {
  const found = await Promise.all(
    ([CONTAINER_LABELS.proxy, CONTAINER_LABELS.share] as const).map(async (label) => {
      const companions = await engine.docker.listContainers({ all: true, filters: { label: [label] } });
      return companions.filter((companion) => {
        const id = machineIdOfListed(companion, label);
        return id !== undefined && !ids.has(id);
      });
    }),
  );
  return removeEach(
    found.flat(),
    dryRun,
    async ({ Id }) => engine.docker.getContainer(Id).remove({ force: true }),
    ({ Names, Id }) => ({ kind: 'container', name: Names[0]?.slice(1) ?? Id.slice(0, 12), bytes: 0 }),
  );
}

/**
 * Volumes of machines that are gone. One that this computer still has a record of was not removed by us: its container was, by hand
 * or by an Engine that died, and it holds work that nobody has reviewed. A fresh one may be of a machine that is just being made.
 */
async function orphanedVolumes(services: Services, ids: Set<string>, dryRun: boolean): Promise<Removed[]> {
  const { engine } = await services.connect();
  const { Volumes: volumes } = await engine.docker.listVolumes({ filters: { name: ['bulkhead-'] } });
  const orphans: VolumeInspectInfo[] = [];
  for (const volume of (volumes ?? []) as (VolumeInspectInfo & { CreatedAt?: string })[]) {
    const id = machineIdOfVolume(volume);
    if (id === undefined || ids.has(id) || isFresh(volume.CreatedAt)) {
      continue;
    }
    if (await isThere(services.data.record(id))) {
      services.log.warn(
        `The volume ${volume.Name} is kept: it is the disk of ${id}, whose container is gone. \`bulkhead up\` in its folder goes on with it; \`docker volume rm ${volume.Name}\` drops it.`,
      );
      continue;
    }
    orphans.push(volume);
  }
  return removeEach(
    orphans,
    dryRun,
    async ({ Name }) => engine.docker.getVolume(Name).remove(),
    ({ Name }) => ({
      kind: 'volume',
      name: Name,
      bytes: 0,
    }),
  );
}

/** `createdAt` as the Engine writes it (RFC 3339); a volume without a time is as old as it can be. */
function isFresh(createdAt: string | undefined): boolean {
  const time = Date.parse(createdAt ?? '');
  return Number.isFinite(time) && Date.now() - time < FRESH_MINUTES * 60_000;
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function unusedImages(engine: Engine, wanted: Set<string>, dryRun: boolean): Promise<Removed[]> {
  const images = await engine.docker.listImages({ filters: { reference: [KIT_IMAGES, ...MACHINE_IMAGES] } });
  const tags = images.flatMap(({ RepoTags, Size }) =>
    (RepoTags ?? []).map((name) => ({ name, bytes: Size })),
  );
  const unused = tags.filter(
    ({ name }) => !wanted.has(name) && /^bulkhead-(kit|image|image-base):/.test(name),
  );
  return removeEach(
    unused,
    dryRun,
    async ({ name }) => engine.docker.getImage(name).remove(),
    (image) => ({
      kind: 'image',
      ...image,
    }),
  );
}

/** Removes each thing; one that is in use (409) or gone already (404) is passed over. */
async function removeEach<T>(
  things: T[],
  dryRun: boolean,
  remove: (thing: T) => Promise<unknown>,
  describe: (thing: T) => Removed,
): Promise<Removed[]> {
  const removed: Removed[] = [];
  for (const thing of things) {
    try {
      if (!dryRun) {
        await remove(thing);
      }
      removed.push(describe(thing));
    } catch (error) {
      if (statusOf(error) !== 404 && statusOf(error) !== 409) {
        throw error instanceof BulkheadError
          ? error
          : engineFailure(`${describe(thing).name} can't be removed`, error);
      }
    }
  }
  return removed;
}
