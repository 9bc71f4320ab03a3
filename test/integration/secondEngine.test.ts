import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UpResult } from '../../src/app';
import { silentLog } from '../../src/core/log';
import { LAYER_VOLUME, STORE_CONTAINER } from '../../src/disk/layerStore';
import { connectEngine, type Engine } from '../../src/image/engine';
import { ensureKit, KIT_BASE } from '../../src/image/kit';
import { Cli, ROOT } from './fixtures/cli';
import { FsyncWriter } from './fixtures/fsyncWriter';
import { loadHardImage } from './fixtures/hardImage';
import { expectTreeOfImage } from './fixtures/machineTree';
import { SecondEngine } from './fixtures/secondEngine';
import { bareImage, makeWorkspace, type Workspace } from './fixtures/workspace';

const HARD = 'bulkhead-test-hard:26';

let second: SecondEngine;
let engine: Engine;
let cli: Cli;
const workspaces: Workspace[] = [];

beforeAll(async () => {
  second = await SecondEngine.start();
  const kit = await ensureKit(await connectEngine({ log: silentLog }), {
    log: silentLog,
    kitFolder: `${ROOT}/guest`,
  });
  await second.copyImage(KIT_BASE);
  await second.copyImage(kit.reference);
  engine = await second.connect();
  cli = await Cli.make(second.env);
});

afterAll(async () => {
  await second?.dispose();
  await cli?.dispose();
  for (const workspace of workspaces) {
    await workspace.dispose();
  }
});

async function folder(name: string, files: Parameters<typeof makeWorkspace>[1]): Promise<string> {
  const workspace = await makeWorkspace(name, files);
  workspaces.push(workspace);
  return workspace.folder;
}

async function up(path: string): Promise<UpResult> {
  return (await cli.ok(['up', path, '--json'])).json<UpResult>();
}

describe('a full disk', () => {
  /** Room for the base's layer, not for the one on top of it. */
  const SMALL = '192m';

  const storeFiles = async () => {
    const { Mountpoint } = await engine.docker.getVolume(LAYER_VOLUME).inspect();
    return (await second.run(`find ${Mountpoint} -type f -printf '%P\\n'`)).split(/\r?\n/).filter(Boolean);
  };

  test('ends the import, leaves nothing half-made, and is no hindrance once there is room', async () => {
    const path = await folder('full', {
      ...bareImage({ image: undefined, build: { dockerfile: 'Dockerfile' } }),
      Dockerfile: `FROM ${KIT_BASE}\nRUN head -c 128M /dev/urandom > /large; sha256sum /large > /large.sum\n`,
      '.dockerignore': '*\n',
    });
    const DriverOpts = { type: 'tmpfs', device: 'tmpfs', o: `size=${SMALL},uid=1234,gid=1234` };
    await engine.docker.createVolume({ Name: LAYER_VOLUME, Driver: 'local', DriverOpts });
    // A tmpfs is gone when its last user goes.
    const holder = await engine.docker.createContainer({
      Image: KIT_BASE,
      Cmd: ['sleep', 'infinity'],
      HostConfig: { NetworkMode: 'none', Binds: [`${LAYER_VOLUME}:/layers`] },
    });
    try {
      await holder.start();
      const failed = await cli.run(['up', path, '--json']);
      expect(failed.stderr).toMatch(/disk is full/);
      expect(failed.code).toBe(3);
      expect(
        await engine.docker.listContainers({ all: true, filters: { label: ['bulkhead.machine'] } }),
      ).toEqual([]);

      // The layer that had room is whole; of the other, and of the disk, there is nothing.
      const left = (await storeFiles()).filter((name) => name !== 'lock' && name !== 'tmp/guard').sort();
      const hex = left[0]?.slice(0, 64);
      expect(left).toEqual([`${hex}.idx`, `${hex}.tar`]);
      const { Mountpoint: mountpoint } = await engine.docker.getVolume(LAYER_VOLUME).inspect();
      await second.run(`mount -o remount,size=2g ${mountpoint}`);
      const { id, timings } = await up(path);
      expect(timings.cached.layers).toBe(1);
      const check = ['sh', '-c', 'sha256sum --quiet --check /large.sum'];
      await cli.ok(['exec', id, '--user', 'root', '--', ...check]);
      await cli.remove(id);
    } finally {
      // The tests after this one use the same volume's name.
      await holder.remove({ force: true });
      await engine.docker.getContainer(STORE_CONTAINER).remove();
      await engine.docker.getVolume(LAYER_VOLUME).remove();
    }
  });
});

describe('an Engine that saves images in the OCI layout', () => {
  let path: string;
  let machine: UpResult;

  beforeAll(async () => {
    await loadHardImage(engine, HARD);
    path = await folder('hard', bareImage({ image: HARD, accelerator: 'tcg' }));
    machine = await up(path);
  });

  afterAll(async () => {
    // With its Engine it would be gone too, but for its cgroups, which are the host's.
    await cli.remove(machine.id);
  });

  test('gives a machine the files that it exports', async () => {
    await expectTreeOfImage(engine, HARD, cli, machine.id);
  });

  test('is killed, its containers go on: the next up starts the machine with all that was on the disk', async () => {
    const writer = FsyncWriter.start(cli, machine.id);
    await writer.wrote(10);
    await second.killDaemon();
    await writer.end();
    await second.connect();
    await up(path);
    await writer.expectAll();
  });

  test('is killed with all that it runs: the next up starts the machine with all that was on the disk', async () => {
    const writer = FsyncWriter.start(cli, machine.id);
    await writer.wrote(10);
    await second.killAll();
    await writer.end();
    await second.connect();
    const { warnings } = await up(path);
    expect(warnings).toEqual([expect.stringMatching(/ended early: the Docker Engine ended while it ran/)]);
    await writer.expectAll();
  });
});
