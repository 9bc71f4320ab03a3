import { randomBytes } from 'node:crypto';
import { boundedLines } from '../core/boundedLines';
import { BulkheadError } from '../core/errors';
import { printable } from '../core/log';
import type { Engine } from '../image/engine';
import { saysDiskFull } from '../image/engineFailure';
import type { Kit } from '../image/kit';
import type { BlobWriter } from '../image/savedImage';
import { type Worker, workerContainer } from './workerContainer';

/** What the store knows of a layer; `bytes` is the size of its tar. */
export type LayerState = { state: 'known'; bytes: number } | { state: 'empty' } | { state: 'missing' };

export interface MergedTree {
  bytes: number;
  /** Its first 128 KiB at most. */
  head: Buffer;
  /** Absolute paths of the tars that its device table means, in its order. */
  devices: string[];
}

/** Bytes that are gathered before they go on their way: each `data` command costs the worker a process. */
const GATHER_BYTES = 8 * 2 ** 20;
/** Bytes on their way before the source has to wait: reading and writing then go on side by side. */
const IN_FLIGHT_BYTES = 32 * 2 ** 20;

/** The longest answer is a merged tree's first 128 KiB in base64; the worker reads tars that an attacker made, so it is bounded too. */
const LINE_MAX = 256 * 1024;
const ANSWERS_MAX = 10_000;
const WHO = 'The layer store’s worker';
/** Tars that a disk may consist of, as import.sh names them. */
const DEVICE = /^\/layers\/(?:disks\/[0-9a-f]{64}\/hidden-\d{1,6}|[0-9a-f]{64})\.tar$/;

/** Speaks guest/disk/import.sh's language. Commands are answered in order; any failure ends the worker. */
export class ImportWorker {
  private blobs = 0;
  private storedBytes = 0;
  private inFlight = 0;
  private room: () => void = () => undefined;
  private readonly lines: string[] = [];
  private ended = false;
  private failed: BulkheadError | undefined;
  private heard: () => void = () => undefined;

  private constructor(private readonly worker: Worker) {
    worker.stdin.on('close', () => this.room());
    void this.listen();
  }

  private async listen(): Promise<void> {
    try {
      for await (const line of boundedLines(this.worker.stdout, LINE_MAX, WHO)) {
        this.hear(line);
      }
    } catch (error) {
      // A stream that was cut off is an end like any other; `whyEnded` tells of it.
      this.failed ??= error instanceof BulkheadError ? error : undefined;
    }
    this.ended = true;
    this.heard();
  }

  private hear(line: string): void {
    if (line.startsWith('error ')) {
      this.failed ??= failure(line.slice(6));
      // Whoever is sending learns of it at once, and the script stops reading.
      this.worker.stdin.destroy();
    } else if (!line.startsWith('stored ')) {
      this.lines.push(line);
    }
    if (this.lines.length > ANSWERS_MAX) {
      throw new BulkheadError(`${WHO} says more than it was asked for`);
    }
    this.heard();
  }

  static async start(engine: Engine, kit: Kit, volume: string, signal?: AbortSignal): Promise<ImportWorker> {
    const args = [randomBytes(8).toString('hex')];
    const worker = await workerContainer(engine, kit, {
      script: 'import.sh',
      args,
      volume,
      kind: 'import',
      signal,
    });
    const self = new ImportWorker(worker);
    try {
      await self.answer('ready');
    } catch (error) {
      await self.dispose();
      throw error;
    }
    return self;
  }

  /** Bytes of tar data that were taken into the store. */
  get bytes(): number {
    return this.storedBytes;
  }

  async look(diffIds: string[]): Promise<Map<string, LayerState>> {
    await this.send(`look ${diffIds.map(hexOf).join(' ')}`);
    const states = new Map<string, LayerState>();
    for (;;) {
      const [word, hex, bytes] = await this.nextAnswer();
      if (word === 'looked') {
        return states;
      }
      if (word === 'known' && /^\d{1,15}$/.test(bytes ?? '')) {
        states.set(`sha256:${hex}`, { state: word, bytes: Number(bytes) });
      } else if (word === 'empty' || word === 'missing') {
        states.set(`sha256:${hex}`, { state: word });
      }
    }
  }

  /** Takes one blob's bytes under a temporary name. One at a time. */
  newBlob(): BlobWriter {
    const name = `blob-${this.blobs++}`;
    let gathered: Uint8Array[] = [];
    let size = 0;
    let sent = 0;
    const flush = async () => {
      if (size > 0) {
        const chunks = gathered;
        sent += size;
        gathered = [];
        const command = `data ${name} ${size}`;
        size = 0;
        await this.send(command, chunks);
      }
    };
    return {
      write: async (chunk) => {
        gathered.push(chunk);
        size += chunk.length;
        if (size >= GATHER_BYTES) {
          await flush();
        }
      },
      accept: async (diffId, empty) => {
        if (empty) {
          await this.send(`drop ${name}`);
          await this.send(`empty ${hexOf(diffId)}`);
        } else {
          await flush();
          this.storedBytes += sent;
          await this.send(`store ${name} ${hexOf(diffId)}`);
        }
      },
      drop: async () => {
        gathered = [];
        await this.send(`drop ${name}`);
      },
    };
  }

  /** Merges the layers' indexes. */
  async merge(key: string, diffIds: string[]): Promise<MergedTree> {
    await this.send(`merge ${key} ${diffIds.map(hexOf).join(' ')}`);
    const devices: string[] = [];
    for (;;) {
      const [word, first = '', base64 = ''] = await this.answer('device', 'superblock');
      if (word === 'superblock') {
        return { bytes: Number(first), head: Buffer.from(base64, 'base64'), devices };
      }
      if (!DEVICE.test(first)) {
        throw new BulkheadError(`${WHO} names a layer that can't be: ${printable(first, 200)}`);
      }
      devices.push(first);
    }
  }

  /** Finishes the disk with its descriptor. */
  async makeDisk(descriptor: string): Promise<void> {
    const bytes = Buffer.from(descriptor);
    await this.send(`vmdk ${bytes.length}`, [bytes]);
    await this.answer('made');
  }

  async dispose(): Promise<void> {
    await this.worker.dispose();
  }

  /** Lets the script end by itself, so that it leaves nothing behind. */
  async finish(): Promise<void> {
    this.worker.stdin.end();
    while (!this.ended) {
      await new Promise<void>((resolve) => {
        this.heard = resolve;
      });
    }
  }

  /** Resolves once there is room for more, not once it has arrived. */
  private async send(line: string, raw: Uint8Array[] = []): Promise<void> {
    const { stdin } = this.worker;
    if (this.failed || this.ended || stdin.destroyed) {
      throw this.whyEnded();
    }
    const size = raw.reduce((sum, chunk) => sum + chunk.length, 0);
    this.inFlight += size;
    stdin.cork();
    for (const chunk of raw.length === 0 ? [] : [Buffer.from(`${line}\n`), ...raw.slice(0, -1)]) {
      stdin.write(chunk);
    }
    stdin.write(raw.at(-1) ?? `${line}\n`, () => {
      this.inFlight -= size;
      this.room();
    });
    stdin.uncork();
    while (this.inFlight > IN_FLIGHT_BYTES && !stdin.destroyed) {
      await new Promise<void>((resolve) => {
        this.room = resolve;
      });
    }
  }

  private async answer(...expected: string[]): Promise<string[]> {
    const words = await this.nextAnswer();
    if (!expected.includes(words[0] ?? '')) {
      throw new BulkheadError(
        `${WHO} said ${printable(words[0] ?? '', 100)} instead of ${expected.join(' or ')}`,
      );
    }
    return words;
  }

  private async nextAnswer(): Promise<string[]> {
    for (;;) {
      if (this.failed) {
        throw this.failed;
      }
      const line = this.lines.shift();
      if (line !== undefined) {
        return line.split(' ');
      }
      if (this.ended) {
        throw this.whyEnded();
      }
      await new Promise<void>((resolve) => {
        this.heard = resolve;
      });
    }
  }

  private whyEnded(): BulkheadError {
    return this.failed ?? new BulkheadError(`${WHO} ended too early`, { details: this.worker.complaints() });
  }
}

function failure(text: string): BulkheadError {
  const why = printable(text);
  if (saysDiskFull(why)) {
    return new BulkheadError('A layer does not fit into the layer store: the disk is full', {
      kind: 'host',
      details: why,
      next: 'Free space with `bulkhead prune` or `docker system prune`, then try again.',
    });
  }
  return new BulkheadError(`A layer can't be put into the layer store: ${why}`);
}

export function hexOf(diffId: string): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(diffId)?.[1];
  if (hex === undefined) {
    throw new Error(`Not a diff_id: ${JSON.stringify(diffId)}`);
  }
  return hex;
}
