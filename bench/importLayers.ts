import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../src/core/log';
import { importImage } from '../src/disk/importImage';
import { type BuiltImage, inspectImage } from '../src/image/builtImage';
import type { Engine } from '../src/image/engine';
import type { Kit } from '../src/image/kit';
import { inTurn, output, report, run } from './measure';

const IMAGE = 'bulkhead-bench:1gb';
const VOLUME = 'bulkhead-bench-layers';

/** An image of about 1 GB in six layers: large files and many small ones. */
async function benchImage(engine: Engine): Promise<BuiltImage> {
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-bench-image-'));
  const layer = (n: number) =>
    `RUN mkdir -p /data/${n}/small && for i in $(seq 150); do head -c 1000000 /dev/urandom > /data/${n}/$i; done && for i in $(seq 1500); do echo "$i of ${n}" > /data/${n}/small/$i; done`;
  try {
    const lines = ['FROM debian:trixie-slim', ...[1, 2, 3, 4, 5, 6].map(layer)];
    await writeFile(join(folder, 'Dockerfile'), `${lines.join('\n')}\n`);
    await run('docker', ['build', '--quiet', '--tag', IMAGE, folder]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const image = await inspectImage(engine, IMAGE);
  if (!image) {
    throw new Error('The bench image was not built');
  }
  return image;
}

/** Importing layers, against merely reading what Docker saves, and against unpacking it into an ext4 image. */
export async function benchImport(engine: Engine, kit: Kit, rounds: number): Promise<void> {
  const image = await benchImage(engine);
  const folder = await mkdtemp(join(tmpdir(), 'bulkhead-bench-disk-'));
  const forget = () =>
    output('sh', ['-c', `docker rm -f bulkhead-store-${VOLUME}; docker volume rm -f ${VOLUME} 2>&1`]);
  const inKit = [
    'run',
    '--rm',
    '--network',
    'none',
    '--user',
    '0',
    '-v',
    `${folder}:/out`,
    '--entrypoint',
    '/bin/sh',
    kit.id,
  ];
  try {
    const measured = await inTurn(
      [
        {
          name: 'import into the layer store',
          prepare: async () => void forget(),
          run: async () => void (await importImage(engine, kit, image, { log: silentLog, volume: VOLUME })),
        },
        {
          name: '`docker save` > /dev/null',
          run: () => run('sh', ['-c', `docker save ${IMAGE} > /dev/null`]),
        },
        {
          name: '`docker export`, untar, `mke2fs -d`',
          prepare: async () => void output('docker', [...inKit, '-c', 'rm -rf /out/*']),
          run: async () => {
            const container = output('docker', ['create', IMAGE, 'true']).trim();
            await run('sh', ['-c', `docker export ${container} > ${folder}/root.tar`]);
            await run('docker', [
              ...inKit,
              '-c',
              'mkdir /out/root && tar -xf /out/root.tar -C /out/root && truncate -s 3G /out/disk && mke2fs -q -t ext4 -d /out/root /out/disk',
            ]);
            output('docker', ['rm', container]);
          },
        },
        {
          name: 'the same image again',
          run: async () => void (await importImage(engine, kit, image, { log: silentLog, volume: VOLUME })),
        },
      ],
      rounds,
    );
    report(
      `Layer import, ${Math.round(image.sizeBytes / 1e6)} MB in ${image.layers.length} layers`,
      measured,
      [
        [0, 1, '≤ 1.2'],
        [0, 2],
      ],
    );
  } finally {
    forget();
    output('docker', [...inKit, '-c', 'rm -rf /out/*']);
    await rm(folder, { recursive: true, force: true });
    output('docker', ['rmi', IMAGE]);
  }
}
