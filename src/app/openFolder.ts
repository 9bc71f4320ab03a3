import { randomBytes } from 'node:crypto';
import { BulkheadError } from '../core/errors';
import { printable } from '../core/log';
import { importImage } from '../disk/importImage';
import { type BuiltImage, inspectImage } from '../image/builtImage';
import { provideImage } from '../image/provideImage';
import type { Machine, MachineInfo } from '../machine/hypervisor';
import { METADATA_LABEL, mergeImageMetadata, parseImageMetadata } from '../settings/imageMetadata';
import { machineId } from '../settings/machineId';
import { askedNetwork, type ChosenMode, chosenMode } from './chosenMode';
import { grantAsks } from './consent';
import type { UpOptions, UpResult } from './contract';
import { enterGuest } from './enterGuest';
import { readFolder } from './folderSettings';
import { chooseWorkspace, withChosenWorkspace } from './machineChoices';
import { withMachineLock } from './machineLock';
import { MachineLog } from './machineLog';
import { networkTurn, switchModeOf } from './machineNetwork';
import { readRecord } from './machineRecord';
import { machineSpec, settingsHash } from './machineSpec';
import { type Opening, switchedMode } from './opening';
import { PhaseClock } from './phaseClock';
import type { Services } from './services';
import { assertMountable } from './shareSpec';
import { sshHost } from './sshHost';
import { wait } from './wait';

const LOST_GRACE_MS = 5_000;

/** Folder → running machine with the workspace in it: the whole way through the house, in the order of its rooms. */
export async function openFolder(services: Services, folder: string, options: UpOptions): Promise<UpResult> {
  const clock = new PhaseClock(options.onProgress);
  const { spec, asks } = await clock.time('settings', async () =>
    readFolder(services, folder, await withChosenWorkspace(services, folder, options)),
  );
  if (options.allow !== undefined && asks.asks.length > 0) {
    await grantAsks(services, folder, asks.digest, options.allow, wait(options));
  }
  const id = machineId(spec.folder);
  if (options.workspace) {
    const { hypervisor } = await services.connect(wait(options));
    await assertMountable(hypervisor, spec.folder, options.workspace, wait(options));
    await chooseWorkspace(services.data.choices(id), options.workspace, services.log);
  }
  const log = new MachineLog(services.data.log(id), services.log);
  const opening: Opening = {
    services,
    id,
    spec,
    settingsHash: settingsHash(spec),
    log,
    clock,
    options,
    warnings: [...spec.warnings],
    withheld: [...spec.withheld],
    turn: await networkTurn(services, id, wait(options)),
    cached: { image: true, layers: 0 },
  };
  const onWait = () =>
    options.onProgress?.({ phase: 'settings', message: 'Waiting: another Bulkhead is opening this folder' });
  try {
    return await withMachineLock(services.data.lock(id), { ...wait(options), onWait }, () => open(opening));
  } finally {
    await log.flushed();
  }
}

async function open(opening: Opening): Promise<UpResult> {
  const { services, id, clock, options, log } = opening;
  const { hypervisor } = await clock.time('create', () => services.connect(wait(options)));
  const existing = await hypervisor.get(id, wait(options));
  const before = await endIfUseless(opening, existing);
  if (before && before.folder !== opening.spec.folder) {
    // The id has 32 bits of the path's hash: somebody can find a path that has those of another folder.
    throw new BulkheadError(
      `The machine ${id} belongs to another folder, ${printable(before.folder, 300)}, whose path has the same id`,
      { kind: 'usage', next: 'Rename this folder, or move it, and open it from there.' },
    );
  }
  if (before?.reason) {
    opening.warnings.push(`Last time the machine ended early: ${before.reason}.`);
    log.warn(`${id}: ${before.reason}`);
  }
  const awake = before?.state === 'running' || before?.state === 'suspended';
  let machine: Machine;
  let layers: number;
  let outdated: string | undefined;
  let image: (BuiltImage & { diskKey: string }) | undefined;
  if (existing && before && awake && !options.rebuild) {
    outdated = outdatedNote(opening, before);
    machine = existing;
    opening.network = await chooseMode(opening, before);
    if (opening.network.mode !== before.networkMode) {
      await switchModeOf(services, machine, opening.network.mode, wait(options));
    }
    layers = await layerCount(opening, before);
    opening.cached = { image: true, layers };
  } else {
    await assertMountable(hypervisor, opening.spec.folder, opening.spec.workspace, wait(options));
    image = await prepareImage(opening);
    machine = await createMachine(opening, image, before, existing);
    layers = image.layers.length;
  }
  const user = await enterGuest(opening, machine, image);
  const info = await machine.info(wait(options));
  const ssh = await sshHost(services, id);
  const { cached } = opening;
  return {
    id,
    name: info.name,
    state: info.state,
    accelerator: info.accelerator,
    image: { id: info.imageId, layers },
    ssh: { alias: ssh.alias, config: ssh.path, user: 'root' },
    workspace: info.workspaceFolder,
    user,
    timings: {
      buildMs: clock.ms('settings', 'kit', 'build'),
      layersMs: clock.ms('layers'),
      createMs: clock.ms('create'),
      bootMs: clock.ms('boot'),
      sshMs: clock.ms('ssh'),
      uploadMs: clock.ms('upload', 'hooks'),
      totalMs: clock.totalMs,
      cached,
    },
    warnings: opening.warnings,
    asks: opening.spec.asks,
    withheld: opening.withheld,
    ...(outdated !== undefined && { outdated }),
  };
}

/** A running machine with a reason to end has lost its mounted folder: programs in it hang. It is stopped, and looked at again. */
async function endIfUseless(
  opening: Opening,
  machine: Machine | undefined,
): Promise<MachineInfo | undefined> {
  const { services, id, options } = opening;
  const info = await machine?.info(wait(options));
  if (!machine || info?.state !== 'running' || info.reason === undefined) {
    return info;
  }
  await services.dropGuest(id);
  // Its guest can't write to the folder any more, so it may not end by itself.
  await machine.stop({ ...wait(options), graceMs: LOST_GRACE_MS });
  opening.warnings.push(`The machine had to be started again: ${info.reason}.`);
  const { reason: _killed, ...ended } = await machine.info(wait(options));
  return ended;
}

/** Builds or pulls the image, and brings its layers into the store. */
async function prepareImage(opening: Opening): Promise<BuiltImage & { diskKey: string }> {
  const { services, clock, options, log } = opening;
  const { engine } = await services.connect(wait(options));
  const kit = await clock.time('kit', () =>
    services.kit({ ...wait(options), onProgress: options.onProgress }),
  );
  const image = await clock.time('build', () =>
    provideImage(engine, opening.spec, {
      ...wait(options),
      log,
      rebuild: options.rebuild === true,
      env: services.buildEnvironment(),
      onProgress: options.onProgress,
    }),
  );
  const metadata = image.labels[METADATA_LABEL];
  const merged = mergeImageMetadata(opening.spec, metadata ? parseImageMetadata(metadata) : []);
  opening.warnings.push(...merged.warnings.filter((warning) => !opening.warnings.includes(warning)));
  opening.spec = merged;
  const disk = await clock.time('layers', () =>
    importImage(engine, kit, image, { ...wait(options), log, onProgress: options.onProgress }),
  );
  opening.cached = { image: image.cached, layers: disk.reusedLayers };
  return { ...image, diskKey: disk.key };
}

async function createMachine(
  opening: Opening,
  image: BuiltImage & { diskKey: string },
  before: MachineInfo | undefined,
  existing: Machine | undefined,
): Promise<Machine> {
  const { services, id, clock, options, warnings } = opening;
  return clock.time('create', async () => {
    const { hypervisor } = await services.connect(wait(options));
    if (existing && options.rebuild) {
      await services.dropGuest(id);
      await existing.stop(wait(options));
    }
    // The upper disk holds changes to one image: it goes with that image until the user asks for a fresh system.
    const keepOld = before !== undefined && before.diskKey !== image.diskKey && !options.rebuild;
    if (keepOld) {
      warnings.push(
        'The image has changed since this machine was made. It goes on with the old one; `bulkhead up --rebuild` begins with the new one and keeps the workspace.',
      );
    }
    const system = keepOld
      ? before
      : { diskKey: image.diskKey, imageId: image.id, imageReference: image.reference };
    const generation = before && !options.rebuild ? before.generation : randomBytes(6).toString('hex');
    opening.network = await chooseMode(opening, before);
    const { mode } = opening.network;
    const wanted = await machineSpec(opening, image, { ...system, generation }, before, mode);
    return hypervisor.create(wanted, wait(options));
  });
}

async function chooseMode(opening: Opening, before: MachineInfo | undefined): Promise<ChosenMode> {
  const { services, id, options, spec } = opening;
  const record = await readRecord(services.data.record(id), services.log);
  const since = await switchedMode(opening);
  if (since !== undefined) {
    return { mode: since, network: { chosenBy: 'user' } };
  }
  return chosenMode(spec.network, before?.networkMode, record?.network, askedNetwork(options));
}

function outdatedNote(opening: Opening, before: MachineInfo): string | undefined {
  // The image's metadata is not at hand here: only what the folder's own files say is compared.
  return before.specHash.startsWith(`${opening.settingsHash}-`)
    ? undefined
    : `The settings have changed since this machine was made; they take effect after \`bulkhead stop ${opening.id}\` and \`bulkhead up\`.`;
}

/** How many layers the machine's image has; 0 if the engine no longer has the image (the machine doesn't need it). */
async function layerCount(opening: Opening, info: MachineInfo): Promise<number> {
  const { engine } = await opening.services.connect(wait(opening.options));
  return (await inspectImage(engine, info.imageId))?.layers.length ?? 0;
}
