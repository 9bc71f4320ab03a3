import { randomBytes } from 'node:crypto';
import { PassThrough, type Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLog } from '../../src/core/log';
import { importImage } from '../../src/disk/importImage';
import { diskPaths, hasDisk, listDisks, removeUnused } from '../../src/disk/layerStore';
import { type BuiltImage, inspectImage } from '../../src/image/builtImage';
import { connectEngine, type Engine } from '../../src/image/engine';
import { ensureKit, type Kit } from '../../src/image/kit';
import { loadHardImage } from './fixtures/hardImage';
import { bytesOf, imageArchive, layerTar, loadImage } from './fixtures/imageArchive';
import { readTree, treeDifferences } from './fixtures/tree';

const log = silentLog;
const volumes: string[] = [];
const images: string[] = [];
let engine: Engine;
let kit: Kit;

beforeAll(async () => {
  engine = await connectEngine({ log });
  kit = await ensureKit(engine, { log, kitFolder: 'guest' });
});

afterAll(async () => {
  for (const volume of volumes) {
    await engine.docker
      .getContainer(`bulkhead-store-${volume}`)
      .remove()
      .catch(() => undefined);
    await engine.docker
      .getVolume(volume)
      .remove()
      .catch(() => undefined);
  }
  for (const image of images) {
    await engine.docker
      .getImage(image)
      .remove({ force: true })
      .catch(() => undefined);
  }
});

/** A layer store of the test's own. */
function freshVolume(): string {
  const volume = `bulkhead-test-${randomBytes(4).toString('hex')}`;
  volumes.push(volume);
  return volume;
}

async function imageOf(tag: string): Promise<BuiltImage> {
  images.push(tag);
  const image = await inspectImage(engine, tag);
  if (!image) {
    throw new Error(`No image ${tag}`);
  }
  return image;
}

/** Runs a shell line in the kit, as root, with the store read-only. */
async function inStore(volume: string, line: string): Promise<Buffer> {
  const container = await engine.docker.createContainer({
    Image: kit.id,
    User: '0:0',
    Entrypoint: ['/bin/sh', '-euc'],
    Cmd: [line],
    HostConfig: {
      NetworkMode: 'none',
      Mounts: [{ Type: 'volume', Source: volume, Target: '/layers', ReadOnly: true }],
    },
  });
  try {
    const stream = await container.attach({ stream: true, stdout: true, stderr: true });
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    engine.docker.modem.demuxStream(stream, stdout, stderr);
    stream.on('end', () => {
      stdout.end();
      stderr.end();
    });
    await container.start();
    const [output, complaints] = await Promise.all([bytesOf(stdout), bytesOf(stderr)]);
    const { StatusCode: code } = (await container.wait()) as { StatusCode: number };
    if (code !== 0) {
      throw new Error(`${line}: ${complaints.toString()}`);
    }
    return output;
  } finally {
    await container.remove({ force: true, v: true });
  }
}

/**
 * The store's own answer to what the image's files are: extracted from the merged tree and its tars. fsck.erofs sets owners last,
 * which costs a file its capabilities, so these are looked at without owners.
 */
async function storedTree(volume: string, key: string, owners = true): Promise<Readable> {
  const { folder, tree } = diskPaths(key);
  const tar = await inStore(
    volume,
    `devices=$(sed -n 's|^RW .* FLAT "\\(.*\\.tar\\)" 0$|--device=\\1|p' ${folder}/image.vmdk)
     fsck.erofs --extract=/root/tree ${owners ? '--preserve' : '--no-preserve-owner'} --xattrs $devices ${tree} >&2
     tar -C /root/tree --format=posix --xattrs --xattrs-include='*' --numeric-owner -cf - .`,
  );
  const stream = new PassThrough();
  stream.end(tar);
  return stream;
}

/** What the store's disk and Docker's own view don't agree on. */
async function differences(volume: string, key: string, image: BuiltImage): Promise<string[]> {
  const docker = { docker: true, capabilities: 'none' } as const;
  const expected = await readTree(await exportedTree(image), docker);
  const actual = await readTree(await storedTree(volume, key), docker);
  const able = await readTree(await exportedTree(image), { capabilities: 'only' });
  const found = await readTree(await storedTree(volume, key, false), { capabilities: 'only' });
  return [...treeDifferences(expected, actual), ...treeDifferences(able, found)];
}

async function exportedTree(image: BuiltImage): Promise<Readable> {
  const container = await engine.docker.createContainer({ Image: image.id, Cmd: ['x'] });
  try {
    const stream = new PassThrough();
    stream.end(await bytesOf((await container.export()) as Readable));
    return stream;
  } finally {
    await container.remove({ force: true });
  }
}

describe('an image becomes a disk', () => {
  test('with exactly the files that Docker shows', async () => {
    const image = await imageOf(await loadHardImage(engine));
    const volume = freshVolume();
    const disk = await importImage(engine, kit, image, { log, volume });
    expect(disk.importedLayers).toBe(new Set(image.layers).size);
    expect(await differences(volume, disk.key, image)).toEqual([]);

    const again = await importImage(engine, kit, image, { log, volume });
    expect(again).toEqual({ ...disk, importedLayers: 0, reusedLayers: disk.importedLayers, bytes: 0 });
  });

  test('reusing layers that another image brought', async () => {
    const shared = await layerTar([{ name: 'shared', content: randomBytes(2 ** 21) }]);
    const own = await layerTar([{ name: 'own', content: randomBytes(3 * 2 ** 20) }]);
    const tags = ['bulkhead-test-shared:1', 'bulkhead-test-shared:2'] as const;
    await loadImage(engine, await imageArchive({ tag: tags[0], layers: [shared] }));
    await loadImage(engine, await imageArchive({ tag: tags[1], layers: [shared, own] }));
    const volume = freshVolume();
    const first = await importImage(engine, kit, await imageOf(tags[0]), { log, volume });
    const second = await importImage(engine, kit, await imageOf(tags[1]), { log, volume });
    expect(first).toMatchObject({ importedLayers: 1, reusedLayers: 0, bytes: shared.length });
    expect(second).toMatchObject({ importedLayers: 1, reusedLayers: 1, bytes: own.length });
  });

  test('even if a missing layer has the size of a known one', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(() => layerTar([{ name: 'x', content: randomBytes(2 ** 21) }])),
    );
    const tags = ['bulkhead-test-twins:1', 'bulkhead-test-twins:2'] as const;
    await loadImage(engine, await imageArchive({ tag: tags[0], layers: [one as Buffer] }));
    await loadImage(engine, await imageArchive({ tag: tags[1], layers: [one as Buffer, two as Buffer] }));
    const volume = freshVolume();
    await importImage(engine, kit, await imageOf(tags[0]), { log, volume });
    const disk = await importImage(engine, kit, await imageOf(tags[1]), { log, volume });
    expect(disk).toMatchObject({ importedLayers: 1, reusedLayers: 1 });
  });

  test('without any file', async () => {
    const tag = 'bulkhead-test-nothing:1';
    await loadImage(engine, await imageArchive({ tag, layers: [Buffer.alloc(1024)] }));
    const volume = freshVolume();
    const disk = await importImage(engine, kit, await imageOf(tag), { log, volume });
    expect((await readTree(await storedTree(volume, disk.key))).size).toBe(0);
  });

  test('when two imports run at once', async () => {
    const image = await imageOf(await loadHardImage(engine, 'bulkhead-test-hard:2', 8));
    const volume = freshVolume();
    const [one, two] = await Promise.all([1, 2].map(() => importImage(engine, kit, image, { log, volume })));
    expect(one?.key).toBe(two?.key);
    expect(await inStore(volume, 'ls -A /layers/tmp')).toEqual(Buffer.from('guard\n'));
    expect(await differences(volume, one?.key ?? '', image)).toEqual([]);
  });
});

describe('an import that does not end well', () => {
  const tag = 'bulkhead-test-large:1';

  beforeAll(async () => {
    const large = await layerTar([{ name: 'x', content: randomBytes(64 * 2 ** 20) }]);
    await loadImage(engine, await imageArchive({ tag, layers: [large] }));
  });

  test('leaves nothing when it is cancelled, and nothing that counts', async () => {
    const image = await imageOf(tag);
    const volume = freshVolume();
    const controller = new AbortController();
    const cut = importImage(engine, kit, image, {
      log,
      volume,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(cut).rejects.toMatchObject({ kind: 'cancelled' });
    const content = await listDisks(engine, kit, { volume });
    expect(content).toEqual({ disks: [], layers: [] });
    const disk = await importImage(engine, kit, image, { log, volume });
    expect(disk.importedLayers).toBe(1);
    expect(await inStore(volume, 'ls -A /layers/tmp')).toEqual(Buffer.from('guard\n'));
  });

  test('says so when the disk is full, and takes nothing for whole', async () => {
    const volume = freshVolume();
    const DriverOpts = { type: 'tmpfs', device: 'tmpfs', o: 'size=16m,uid=1234,gid=1234' };
    await engine.docker.createVolume({ Name: volume, Driver: 'local', DriverOpts });
    const full = importImage(engine, kit, await imageOf(tag), { log, volume });
    await expect(full).rejects.toMatchObject({
      kind: 'host',
      message: expect.stringMatching(/disk is full/),
    });
    const workers = await engine.docker.listContainers({ all: true, filters: { volume: [volume] } });
    expect(workers.map(({ Names }) => Names)).toEqual([[`/bulkhead-store-${volume}`]]);
  });
});

test('prune keeps what machines need', async () => {
  const volume = freshVolume();
  const shared = await layerTar([{ name: 'shared', content: 'shared' }]);
  const own = await layerTar([{ name: 'own', content: 'own' }]);
  const tags = ['bulkhead-test-prune:1', 'bulkhead-test-prune:2'] as const;
  await loadImage(engine, await imageArchive({ tag: tags[0], layers: [shared] }));
  await loadImage(engine, await imageArchive({ tag: tags[1], layers: [shared, own] }));
  const small = await importImage(engine, kit, await imageOf(tags[0]), { log, volume });
  const large = await importImage(engine, kit, await imageOf(tags[1]), { log, volume });

  const dry = await removeUnused(engine, kit, [small.key], { volume, dryRun: true });
  expect(await hasDisk(engine, large.key, { volume })).toBe(true);
  const removed = await removeUnused(engine, kit, [small.key], { volume });
  expect(removed).toEqual(dry);
  expect(removed.map(({ kind }) => kind).sort()).toEqual(['disk', 'layer']);
  expect(await hasDisk(engine, large.key, { volume })).toBe(false);
  const left = await listDisks(engine, kit, { volume });
  expect(left.disks.map(({ key }) => key)).toEqual([small.key]);
  expect(left.layers).toHaveLength(1);
  await removeUnused(engine, kit, [], { volume });
  expect(await listDisks(engine, kit, { volume })).toEqual({ disks: [], layers: [] });
});
