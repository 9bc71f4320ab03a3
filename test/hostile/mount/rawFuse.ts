import { constants as files } from 'node:fs';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import type { ExecStream } from '../../../src/machine/kvm/containerExec';

/** FUSE's numbers (linux/fuse.h). */
export const OP = {
  lookup: 1,
  getattr: 3,
  setattr: 4,
  readlink: 5,
  symlink: 6,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  setxattr: 21,
  removexattr: 24,
  init: 26,
  opendir: 27,
  readdir: 28,
  create: 35,
  ioctl: 39,
  batchForget: 42,
  fallocate: 43,
  rename2: 45,
  copyFileRange: 47,
  setupMapping: 48,
  tmpfile: 51,
} as const;

export const ROOT_NODE = 1;
const IN_HEADER = 40;
const OUT_HEADER = 16;
const ENTRY_BYTES = 128;
const ROOM = 70_000;
const ANSWER_MS = 60_000;

/** What came back: `ok`, an errno's name, `silent` (no answer in seconds) or `gone` (the connection was closed). */
export interface Answer {
  said: string;
  body: Buffer;
}

/** Numbers of 4 (`number`) or 8 (`bigint`) bytes and text, as they lie in a request. */
export function packed(...parts: (number | bigint | string | Buffer)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'string') {
        return Buffer.from(part, 'latin1');
      }
      if (Buffer.isBuffer(part)) {
        return part;
      }
      const bytes = Buffer.alloc(typeof part === 'number' ? 4 : 8);
      if (typeof part === 'number') {
        bytes.writeUInt32LE(part >>> 0);
      } else {
        bytes.writeBigUInt64LE(BigInt.asUintN(64, part));
      }
      return bytes;
    }),
  );
}

/** A guest kernel of the attacker's: says what it likes to virtiofsd, by way of vhostUser.pl. */
export class RawFuse {
  private readonly lines: AsyncIterator<string>;
  private unique = 0n;

  private constructor(private readonly exec: ExecStream) {
    this.lines = createInterface({ input: exec.stream })[Symbol.asyncIterator]();
  }

  /** Waits until the front-end is connected, and says FUSE_INIT. */
  static async over(exec: ExecStream): Promise<RawFuse> {
    const raw = new RawFuse(exec);
    const ready = await raw.line();
    if (ready !== 'ready') {
      throw new Error(`the vhost-user front-end: ${ready} ${exec.complaints()}`);
    }
    // 7.38; all options that a kernel may have, so that virtiofsd turns on what it can.
    const init = await raw.ask(OP.init, 0, packed(7, 38, 0x20000, 0xffffffff, 0xffffffff, Buffer.alloc(44)));
    if (init.said !== 'ok') {
      throw new Error(`FUSE_INIT: ${init.said}`);
    }
    return raw;
  }

  /** One request. `len` is what its header says its length is, if that is to be a lie. */
  async ask(
    op: number,
    node: number | bigint,
    body: Buffer,
    lies: { len?: number; uid?: number; gid?: number; room?: number } = {},
  ): Promise<Answer> {
    const bytes = this.request(op, node, body, lies);
    return answer(await this.command(`fuse ${bytes.toString('hex')} ${lies.room ?? ROOM}`));
  }

  request(
    op: number,
    node: number | bigint,
    body: Buffer,
    lies: { len?: number; uid?: number; gid?: number } = {},
  ): Buffer {
    const len = lies.len ?? IN_HEADER + body.length;
    return packed(len, op, ++this.unique, BigInt(node), lies.uid ?? 0, lies.gid ?? 0, 1, 0, body);
  }

  /** A command of vhostUser.pl's; its answer. */
  async command(line: string): Promise<string> {
    this.exec.stream.write(`${line}\n`);
    return this.line();
  }

  async raw(line: string): Promise<Answer> {
    return answer(await this.command(line));
  }

  /** The node of a path in the share, looked up name by name. @throws if one is not there */
  async node(path: string): Promise<bigint> {
    let node = BigInt(ROOT_NODE);
    for (const name of path.split('/').filter(Boolean)) {
      const { said, body } = await this.ask(OP.lookup, node, packed(`${name}\0`));
      if (said !== 'ok') {
        throw new Error(`LOOKUP ${name} of ${path}: ${said}`);
      }
      node = body.readBigUInt64LE();
    }
    return node;
  }

  /** A handle of a node. @throws if it can't be opened so */
  async open(node: bigint, flags: number): Promise<bigint> {
    const { said, body } = await this.ask(OP.open, node, packed(flags, 0));
    if (said !== 'ok') {
      throw new Error(`OPEN: ${said}`);
    }
    return body.readBigUInt64LE();
  }

  /** CREATE: the new file's node and handle. */
  async create(parent: number | bigint, name: string): Promise<{ node: bigint; handle: bigint }> {
    const { said, body } = await this.ask(OP.create, parent, createBody(name));
    if (said !== 'ok') {
      throw new Error(`CREATE ${name}: ${said}`);
    }
    return { node: body.readBigUInt64LE(), handle: body.readBigUInt64LE(ENTRY_BYTES) };
  }

  async read(node: bigint, handle: bigint, size = 4096): Promise<Answer> {
    return this.ask(OP.read, node, packed(handle, 0n, size, 0, 0n, 0, 0));
  }

  async write(node: bigint, handle: bigint, text: string): Promise<Answer> {
    return this.ask(OP.write, node, packed(handle, 0n, text.length, 0, 0n, 0, 0, text));
  }

  /** Ends the front-end, and with it virtiofsd. */
  async close(): Promise<void> {
    this.exec.stream.end();
    await this.line();
  }

  private async line(): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('vhostUser.pl does not answer')), ANSWER_MS);
    });
    try {
      const { value, done } = await Promise.race([this.lines.next(), late]);
      return done ? `ended: ${this.exec.complaints()}` : value;
    } finally {
      clearTimeout(timer);
    }
  }
}

const ERRNO = new Map(Object.entries(constants.errno).map(([name, code]) => [code, name]));

function answer(line: string): Answer {
  const [word = '', hex = ''] = line.split(' ');
  if (word !== 'used') {
    return { said: line, body: Buffer.alloc(0) };
  }
  const bytes = Buffer.from(hex, 'hex');
  if (bytes.length < OUT_HEADER) {
    return { said: `used ${bytes.length} bytes`, body: bytes };
  }
  const code = -bytes.readInt32LE(4);
  return { said: code === 0 ? 'ok' : (ERRNO.get(code) ?? `errno ${code}`), body: bytes.subarray(OUT_HEADER) };
}

/** The bodies of requests that make or change something. */
export const createBody = (name: string, mode = 0o644, flags: number = files.O_RDWR): Buffer =>
  packed(flags, mode, 0o22, 0, `${name}\0`);
export const mkdirBody = (name: string, mode = 0o755): Buffer => packed(mode, 0o22, `${name}\0`);
export const mknodBody = (name: string, mode = 0o100644, device = 0): Buffer =>
  packed(mode, device, 0o22, 0, `${name}\0`);
export const symlinkBody = (name: string, target: string): Buffer => packed(`${name}\0${target}\0`);
export const linkBody = (from: bigint, name: string): Buffer => packed(from, `${name}\0`);
export const renameBody = (newParent: number | bigint, from: string, to: string): Buffer =>
  packed(BigInt(newParent), `${from}\0${to}\0`);
export const rename2Body = (newParent: number | bigint, from: string, to: string, flags: number): Buffer =>
  packed(BigInt(newParent), flags, 0, `${from}\0${to}\0`);

/** SETATTR (`FATTR_*` of linux/fuse.h). */
export function setattrBody(set: { mode?: number; size?: bigint; uid?: number; mtime?: bigint }): Buffer {
  const valid =
    (set.mode === undefined ? 0 : 1) |
    (set.uid === undefined ? 0 : 2) |
    (set.size === undefined ? 0 : 8) |
    (set.mtime === undefined ? 0 : 32);
  return packed(
    valid,
    0,
    0n,
    set.size ?? 0n,
    0n,
    0n,
    set.mtime ?? 0n,
    0n,
    0,
    0,
    0,
    set.mode ?? 0,
    0,
    set.uid ?? 0,
    0,
    0,
  );
}
