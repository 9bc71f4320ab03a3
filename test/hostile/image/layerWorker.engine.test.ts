import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect } from 'vitest';
import { BulkheadError } from '../../../src/core/errors';
import { silentLog } from '../../../src/core/log';
import { ImportWorker } from '../../../src/disk/importWorker';
import { ensureStore } from '../../../src/disk/layerStore';
import { connectEngine, type Engine } from '../../../src/image/engine';
import { ensureKit, type Kit } from '../../../src/image/kit';
import { runOnce } from '../../../src/machine/kvm/containerExec';
import { onceContainer } from '../../../src/machine/kvm/jail';
import { ROOT } from '../../integration/fixtures/cli';
import { type LayerEntry, layerTar } from '../../integration/fixtures/imageArchive';
import { attack } from '../attack';

const volume = `bulkhead-test-${randomBytes(4).toString('hex')}`;
let engine: Engine;
let kit: Kit;

beforeAll(async () => {
  engine = await connectEngine({ log: silentLog });
  kit = await ensureKit(engine, { log: silentLog, kitFolder: `${ROOT}/guest` });
  await ensureStore(engine, kit, { volume });
});
afterAll(async () => {
  await engine.docker.getContainer(`bulkhead-store-${volume}`).remove({ force: true });
  await engine.docker.getVolume(volume).remove();
});

const hexOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Puts layers through the real worker: stored, indexed, merged, read back. The reason if it refuses. */
async function imported(layers: Buffer[]): Promise<{ refused?: string; devices: number }> {
  const worker = await ImportWorker.start(engine, kit, volume);
  try {
    for (const layer of layers) {
      const blob = worker.newBlob();
      await blob.write(layer);
      await blob.accept(`sha256:${hexOf(layer)}`, false);
    }
    const key = hexOf(Buffer.concat(layers));
    const { devices } = await worker.merge(
      key,
      layers.map((layer) => `sha256:${hexOf(layer)}`),
    );
    await worker.finish();
    return { devices: devices.length };
  } catch (error) {
    if (error instanceof BulkheadError) {
      return { refused: `${error.message} ${error.details ?? ''}`.trim(), devices: 0 };
    }
    throw error;
  } finally {
    await worker.dispose();
  }
}

/** All that lies in the store, by kind and name. */
async function content(): Promise<string[]> {
  const container = onceContainer(kit.id, ['find', '/layers', '-printf', '%y %p\n']);
  const mounted = {
    ...container,
    HostConfig: {
      ...container.HostConfig,
      Mounts: [{ Type: 'volume' as const, Source: volume, Target: '/layers', ReadOnly: true }],
    },
  };
  const { output } = await runOnce(engine, mounted, { what: 'the store’s content', ms: 60_000 });
  return output.split('\n').sort();
}

/** What an import may leave: tars and indexes by digest, folders, locks. No links, devices or other names. */
const EXPECTED =
  /^(?:d \/layers(?:\/tmp|\/disks)?|f \/layers\/(?:lock|tmp\/guard|tmp\/[0-9a-f]+\.lock|[0-9a-f]{64}\.(?:tar|idx|empty)))$/;

const entry = (name: string, more: Partial<LayerEntry> = {}): LayerEntry => ({ name, content: 'x', ...more });

attack(
  {
    id: 'layer-paths',
    from: 'image',
    tries:
      'Layers with "../../", absolute and empty names, links out of the tree, device nodes, 1,000-component paths, entries twice with other types, and whiteouts of all kinds and of the root.',
    holds:
      'Nothing is unpacked: the store has tars and indexes under their digests and nothing else, whatever their entries are called.',
    promise: 'nothing-unpacked',
  },
  async () => {
    const target = '/layers/evil';
    const hostile: LayerEntry[] = [
      entry('../../../../layers/evil'),
      entry('../evil'),
      entry(target),
      entry('a/../../evil'),
      entry('./././evil'),
      { name: 'link', type: 'symlink', linkname: '/layers' },
      entry('link/evil'),
      { name: 'hard', type: 'link', linkname: '/layers/lock' },
      { name: 'hard2', type: 'link', linkname: '../../etc/passwd' },
      { name: 'disk', type: 'block-device', devmajor: 8, devminor: 0 },
      { name: 'mem', type: 'character-device', devmajor: 1, devminor: 1 },
      { name: 'pipe', type: 'fifo' },
      entry('twice'),
      { name: 'twice', type: 'directory' },
      { name: 'twice', type: 'symlink', linkname: 'twice' },
      entry('twice/below'),
      entry('.wh..wh..opq', { content: '' }),
      entry('.wh.', { content: '' }),
      entry('.wh...', { content: '' }),
      entry('.wh..wh.aufs', { content: '' }),
      entry('.wh.etc', { content: '' }),
      entry(`${'d/'.repeat(1_000)}deep`),
      entry('n'.repeat(5_000)),
      entry('new\nline'),
      entry('-rf'),
      entry('$(touch /layers/evil)'),
    ];
    const base = await layerTar([
      { name: 'etc/', type: 'directory' },
      entry('etc/passwd'),
      { name: 'd/', type: 'directory' },
    ]);
    const outcomes: string[] = [];
    for (const one of hostile) {
      const layer = await layerTar([one]);
      const { refused } = await imported([base, layer, await layerTar([{ name: 'd/', type: 'directory' }])]);
      outcomes.push(refused === undefined ? 'stored' : 'refused');
    }
    const all = await layerTar(hostile);
    await imported([all, all, base]);
    // Clears what a refused one has left unfinished.
    await imported([base]);
    expect((await content()).filter((line) => !EXPECTED.test(line))).toEqual([]);
    const count = (word: string) => outcomes.filter((outcome) => outcome === word).length;
    return `${count('stored')} stored as tars, ${count('refused')} refused; nothing else in the store`;
  },
  { timeoutMs: 240_000 },
);

attack(
  {
    id: 'layer-damage',
    from: 'image',
    tries:
      'Layers that are cut short, claim 2^60 bytes, have PAX records of length 0 (which would go round for ever), GNU names without end, and noise.',
    holds:
      'The worker ends with a reason or takes the tar as it is; the store is whole and the next import works.',
    promise: 'nothing-unpacked',
  },
  async () => {
    const good = await layerTar([{ name: 'd/', type: 'directory' }, entry('d/file')]);
    const whole = await layerTar([entry('long', { content: 'x'.repeat(5_000) })]);
    const pax = await layerTar([{ name: 'd/x', content: 'x', pax: { comment: 'y'.repeat(20) } }]);
    const record = (text: string) => {
      const copy = Buffer.from(pax);
      copy.fill(0, 512, 1024);
      copy.write(text, 512);
      return copy;
    };
    const sized = Buffer.from(whole);
    sized.write('77777777777', 124);
    let sum = 0;
    sized.fill(' ', 148, 156);
    for (const byte of sized.subarray(0, 512)) {
      sum += byte;
    }
    sized.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const layers: Record<string, Buffer> = {
      'cut short': whole.subarray(0, 1024),
      'a claimed size': sized,
      'PAX length 0': record('0 path=d/x\n'),
      'PAX length 00': record('00 path=d/x\n'),
      'PAX length beyond': record('99999 path=d/x\n'),
      noise: Buffer.from(Array.from({ length: 4096 }, (_, n) => (n * 7919 + 13) % 256)),
      text: Buffer.from('not a tar at all'.repeat(64)),
    };
    const said: string[] = [];
    for (const [what, layer] of Object.entries(layers)) {
      // Between two others, and with a folder above: so that hidden.pl has to read it too.
      const { refused } = await imported([good, layer, good]);
      said.push(`${what}: ${refused === undefined ? 'taken' : 'refused'}`);
    }
    // The next import works, and clears what one that was refused has left unfinished.
    expect((await imported([good, await layerTar([entry('d/other')])])).devices).toBe(2);
    expect((await content()).filter((line) => !EXPECTED.test(line))).toEqual([]);
    return said.join(', ');
  },
  { timeoutMs: 240_000 },
);
