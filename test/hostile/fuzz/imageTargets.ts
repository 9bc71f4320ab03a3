import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { readErofsDevices } from '../../../src/disk/erofsDevices';
import { type Extent, vmdkDescriptor } from '../../../src/disk/vmdk';
import { baseImages } from '../../../src/image/baseImages';
import { BuildOutput } from '../../../src/image/buildOutput';
import { type Chunks, decompressed, slowZstd } from '../../../src/image/decompress';
import { parseIgnoreFile } from '../../../src/image/dockerignore';
import { parseImageReference } from '../../../src/image/imageReference';
import { jsonLines } from '../../../src/image/jsonLines';
import { readSavedImage } from '../../../src/image/savedImage';
import { configDisk } from '../../../src/machine/kvm/configArchive';
import { parseHostSample } from '../../../src/machine/kvm/hostSamples';
import { machineOfLabels } from '../../../src/machine/kvm/labels';
import { imageArchive, layerTar } from '../../integration/fixtures/imageArchive';
import { hold, holdPrintable, pieces, refused, refusedLater, type Target } from './fuzz';

const layer = await layerTar([
  { name: 'etc/', type: 'directory' },
  { name: 'etc/x', content: 'hello' },
]);
const other = await layerTar([{ name: 'long', content: 'x'.repeat(3000) }]);
const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const saved = await imageArchive({ tag: 'x:1', layers: [layer, other] });
const packed = await imageArchive({ tag: 'x:1', layers: [gzipSync(layer), zstdCompressSync(other)] });

/** Output of a decompressor is bounded by its reader; this one takes no more. */
const OUTPUT_MAX = 4 * 2 ** 20;

async function* take(chunks: Chunks): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    yield chunk;
    if (bytes > OUTPUT_MAX) {
      return;
    }
  }
}

async function all(chunks: Chunks): Promise<Buffer> {
  const list: Uint8Array[] = [];
  for await (const chunk of take(chunks)) {
    list.push(chunk);
  }
  return Buffer.concat(list);
}

/** A decompressor's own complaint about damaged bytes; its callers say what they were. */
async function complaint(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    hold(error instanceof Error, 'what is thrown is an error');
  }
}

function erofs(treeBlocks: number, devices: number[]): Buffer {
  const head = Buffer.alloc(4096);
  head.writeUInt32LE(0xe0f5e1e2, 1024);
  head.writeUInt8(9, 1024 + 12);
  head.writeUInt16LE(devices.length, 1024 + 86);
  head.writeUInt16LE(10, 1024 + 88);
  let start = treeBlocks;
  for (const [slot, blocks] of devices.entries()) {
    head.writeUInt32LE(blocks, (10 + slot) * 128 + 64);
    head.writeUInt32LE(start, (10 + slot) * 128 + 68);
    start += blocks;
  }
  return head;
}

export const IMAGE_TARGETS: Target[] = [
  {
    name: 'saved-image',
    seeds: [saved, packed, layer],
    words: [
      'blobs/sha256/',
      'layer.tar',
      'manifest.json',
      'ustar\0',
      Buffer.alloc(512),
      Buffer.from([0x1f, 0x8b]),
    ],
    check: async (input) => {
      const accepted: [string, Buffer][] = [];
      let open = 0;
      await refusedLater(() =>
        readSavedImage(Readable.from(pieces(input, 997)), {
          wanted: [layer, other].map(sha256),
          limits: { entries: 100, bytes: OUTPUT_MAX },
          newBlob: () => {
            const chunks: Uint8Array[] = [];
            open++;
            return {
              write: async (chunk) => void chunks.push(Buffer.from(chunk)),
              accept: async (diffId) => {
                open--;
                accepted.push([diffId, Buffer.concat(chunks)]);
              },
              drop: async () => void open--,
            };
          },
        }),
      );
      hold(open === 0, 'every blob is accepted or dropped');
      hold(
        accepted.every(([diffId, bytes]) => sha256(bytes) === diffId),
        'what is accepted has the digest that it is taken for',
      );
    },
  },
  {
    name: 'decompress',
    seeds: [
      gzipSync(layer),
      zstdCompressSync(layer),
      gzipSync(Buffer.alloc(2 ** 20)),
      zstdCompressSync(Buffer.alloc(2 ** 20)),
      layer,
    ],
    words: [Buffer.from([0x1f, 0x8b, 8]), Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
    check: async (input) => {
      await complaint(all(decompressed(Readable.from(pieces(input, 61)) as Chunks)));
      await complaint(all(slowZstd(Readable.from([input]) as Chunks)));
    },
  },
  {
    name: 'erofs-devices',
    seeds: [erofs(8, []), erofs(8, [3]), erofs(4, [1, 2, 3])],
    check: (input) => {
      const fileBytes = 8 * 512;
      const found = refused(() => readErofsDevices(input, fileBytes));
      if (found && found.deviceBlocks.length > 0) {
        hold(found.treeBlocks * found.blockBytes === fileBytes, 'the devices follow the tree');
        const extents: Extent[] = found.deviceBlocks.map((blocks, at) => ({
          path: `/layers/${at}.tar`,
          bytes: blocks * found.blockBytes,
        }));
        refused(() => vmdkDescriptor(extents));
      }
    },
  },
  {
    name: 'image-reference',
    seeds: [
      'debian:trixie-slim',
      'registry.example:5000/a/b__c:1.0',
      `x@sha256:${'a'.repeat(64)}`,
      'a/b-c.d_e',
    ],
    words: ['/', ':', '@', '.', '-', '_', '__', 'sha256:', 'a'],
    check: (input) => {
      const reference = refused(() => parseImageReference(input.toString()));
      if (reference) {
        hold(/^[\w.:@/-]+$/.test(reference.full) && !/^-/.test(reference.full), 'a reference is one word');
        hold(/[:@]/.test(reference.full), 'a reference has a tag or a digest');
      }
    },
  },
  {
    name: 'dockerfile-bases',
    seeds: [
      'ARG A=x:1\nFROM --platform=linux/amd64 $A AS one\nFROM one\nFROM "${A}"\n',
      'from scratch\nFROM a/b:c as d',
    ],
    words: ['FROM ', 'ARG A=', '$A', '${A}', ' AS ', '--platform=', '\t', '"', '\\\n'],
    check: (input) => {
      const found = baseImages(input.toString(), { B: 'b' });
      hold(found.length <= 100, 'no more bases than the Engine can be asked for at once');
      hold(
        found.every((reference) => reference.length <= 1_000 && !/\s/.test(reference)),
        'a base is one short word',
      );
    },
  },
  {
    name: 'dockerignore',
    seeds: [
      'node_modules\n!keep/*.txt\n**/x\n# c\n*.log\na?b\n[a-c]x\n\\!literal\n',
      '*\n!src/**\n',
      '/dist/\n./x\n../y\n!',
    ],
    words: ['*', '**', '/', '!', '[', ']', '^', '-', '\\', '?', '#', '**/', '.'],
    check: (input) => {
      const rules = refused(() => parseIgnoreFile(input.toString()));
      if (!rules) {
        return;
      }
      const names = [
        'a',
        'node_modules/x',
        'keep/a.txt',
        'constructor',
        '__proto__',
        'toString',
        `${'a'.repeat(250)}`,
        `${'x/'.repeat(60)}y`,
      ];
      for (const name of [...names, input.toString('latin1').slice(0, 200).replaceAll('/', '') || 'x']) {
        hold(typeof rules.ignores(name) === 'boolean', 'a name is ignored or not');
      }
    },
  },
  {
    name: 'build-output',
    seeds: [
      '{"stream":"Step 1/2 : FROM x\\n"}\n{"stream":"\\u001b[31mred\\u001b[0m\\n"}\n{"error":"no\\u202e"}\n',
      '{"status":"Pulling","progressDetail":{}}\n{"stream":"[sha256:01234] [2/3] RUN x"}\n',
    ],
    words: [
      '{"stream":"',
      '"}\n',
      '\\u001b]0;x\\u0007',
      '\\u009b2J',
      'Step 1/1 : ',
      '\\n',
      '[sha256:01234] ',
    ],
    check: async (input) => {
      const lines: string[] = [];
      const output = new BuildOutput(
        (line) => lines.push(line),
        (step) => lines.push(step),
      );
      try {
        for await (const event of jsonLines(Readable.from(pieces(input, 31)))) {
          output.read(event);
        }
      } catch (error) {
        hold(
          error instanceof Error && !(error instanceof TypeError),
          'a line that is no JSON is an error of its own',
        );
      }
      for (const line of [...lines, output.tail(), output.error ?? '', output.step]) {
        holdPrintable(line, 'a build’s line', 300_000);
      }
    },
  },
  {
    name: 'config-disk',
    seeds: ['user\0/workspaces/x\0A=b\0PATH=/bin', 'a:b\0/x\0'],
    words: ['\0', '\n', '=', 'ssh_host_ed25519_key', '../'],
    check: async (input) => {
      const [user = '', folder = '', name = '', value = ''] = input.toString().split('\0');
      const config = {
        hostname: 'h',
        env: { [name]: value },
        user,
        workspaceFolder: folder,
        hostKey: 'k',
        authorizedKey: 'a',
      };
      const disk = await refusedLater(() => configDisk(config, 'g'));
      hold(disk === undefined || !/[\n\r]/.test(user + folder), 'a line of the config disk is one line');
    },
  },
  {
    name: 'host-samples',
    seeds: ['sample 1000000 2 1 2 3 4 5 6 7 8 1 9 10', 'sample 1 0 0 0 0 0 0 0 0 0 0'],
    words: [' ', '999999999999999', '256', 'sample'],
    check: (input) => {
      const sample = refused(() => parseHostSample(input.toString('latin1'), 0));
      const numbers = sample ? [...sample.vcpuPercent, sample.cpuPercent, sample.memoryBytes] : [];
      hold(
        numbers.every((n) => Number.isFinite(n) && n >= 0),
        'figures are finite and not negative',
      );
    },
  },
  {
    name: 'labels',
    seeds: [
      '{"bulkhead.machine":"a-1","bulkhead.cpus":"2","bulkhead.memory":"1","bulkhead.disk-size":"1","bulkhead.accelerator":"tcg"}',
    ],
    words: ['"bulkhead.machine":"', '"', '../', '1e3', '-1', ','],
    check: (input) => {
      let labels: unknown;
      try {
        labels = JSON.parse(input.toString());
      } catch {
        return;
      }
      const texts = Object.entries(typeof labels === 'object' && labels !== null ? labels : {}).map(
        ([key, value]) => [key, String(value)],
      );
      const machine = machineOfLabels(Object.fromEntries(texts));
      hold(machine === undefined || /^[a-z0-9-]{1,63}$/.test(machine.id), 'an id can be part of a path');
    },
  },
];
