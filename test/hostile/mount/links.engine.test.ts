import { constants } from 'node:fs';
import { link, lstat, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { attack } from '../attack';
import { type Attempt, FILE_CHANGES, granted, MAKERS, type Target } from './attempts';
import {
  type Answer,
  createBody,
  linkBody,
  mkdirBody,
  mknodBody,
  OP,
  packed,
  type RawFuse,
  rename2Body,
  setattrBody,
} from './rawFuse';
import { TamperedVmm } from './tamperedVmm';

const OWNER = 1000;
const WHITEOUT = 4;

/** A virtiofsd of its own for each connection, on a busy host. */
const MOST_MS = 300_000;

let vmm: TamperedVmm;
let raw: RawFuse;

beforeAll(async () => {
  vmm = await TamperedVmm.open('links', false, { 'src/a.txt': 'of the folder\n', 'aside/spare': '' });
  await symlink('../../outside/secret', join(vmm.folder, 'src/to-file'));
  await symlink('../../outside', join(vmm.folder, 'src/to-folder'));
  await link(join(vmm.outside, 'secret'), join(vmm.folder, 'src/shared'));
  await vmm.write({});
  raw = await vmm.connect();
});
afterAll(() => vmm?.dispose());

async function target(name: string): Promise<Target> {
  return {
    parent: await raw.node('src'),
    name,
    node: await raw.node(`src/${name}`),
    aside: await raw.node('aside'),
  };
}

const tries = (at: Target, list: Attempt[]): [string, () => Promise<Answer>][] =>
  list.map(([what, attempt]) => [what, () => attempt(raw, at)]);

attack(
  {
    id: 'fuse-symlinks',
    from: 'guest',
    tries:
      'Opening, truncating, looking up and making things by the node of a symbolic link that leads out of the folder.',
    holds:
      'The host follows none: READLINK tells the text, all else is refused; what the link leads to is as before.',
    promise: 'mounted-read-write',
  },
  async () => {
    const before = await vmm.snapshot();
    const [file, folder] = [await target('to-file'), await target('to-folder')];
    const said = await raw.ask(OP.readlink, file.node, Buffer.alloc(0));
    expect(said.body.toString()).toBe('../../outside/secret');
    const opens = FILE_CHANGES.filter(([what]) => /^OPEN|size|mode/.test(what));
    const { aside } = file;
    const spare = await raw.node('aside/spare');
    const all: [string, () => Promise<Answer>][] = [
      ...[file, folder].flatMap((at) => tries(at, opens)),
      ...MAKERS.map(([what, attempt]): [string, () => Promise<Answer>] => [
        `${what} in it`,
        () => attempt(raw, { parent: folder.node, spare, from: aside }, 'made'),
      ]),
      ['LOOKUP in it', () => raw.ask(OP.lookup, folder.node, packed('secret\0'))],
      ['OPENDIR', () => raw.ask(OP.opendir, folder.node, packed(0, 0))],
      [
        'CREATE over it',
        () => raw.ask(OP.create, file.parent, createBody('to-file', 0o644, constants.O_TRUNC)),
      ],
    ];
    expect(await granted(all)).toEqual([]);
    expect(await vmm.snapshot()).toEqual(before);
    return `${all.length} requests refused`;
  },
  { timeoutMs: MOST_MS },
);

attack(
  {
    id: 'fuse-hard-links',
    from: 'guest',
    tries:
      'Changing a file that has a second name outside of the folder, as package managers’ stores make them.',
    holds:
      'It can’t be written, cut or given other rights or times (EPERM), only replaced; the file outside is as before. A second name that the guest made itself is no hindrance.',
    promise: 'mounted-read-write',
  },
  async () => {
    const before = await lstat(join(vmm.outside, 'secret'));
    const at = await target('shared');
    const changes = FILE_CHANGES.filter(([what]) => /^OPEN|SETATTR|^CREATE/.test(what));
    expect(await granted(tries(at, changes))).toEqual([]);
    const second = await raw.ask(OP.link, at.aside, linkBody(at.node, 'second'));
    expect(second.said).toBe('ok');
    expect(await granted(tries(at, changes))).toEqual([]);
    // As it is already.
    expect((await raw.ask(OP.setattr, at.node, setattrBody({ mode: before.mode }))).said).toBe('ok');

    const { node } = await raw.create(at.parent, 'own');
    expect((await raw.ask(OP.link, at.aside, linkBody(node, 'own'))).said).toBe('ok');
    expect((await raw.ask(OP.link, at.aside, linkBody(node, 'own too'))).said).toBe('ok');
    expect((await raw.write(node, await raw.open(node, constants.O_RDWR), 'x')).said).toBe('ok');
    await link(join(vmm.folder, 'aside/own'), join(vmm.outside, 'own'));
    expect((await raw.ask(OP.open, node, packed(constants.O_RDWR, 0))).said).toBe('EPERM');

    const after = await lstat(join(vmm.outside, 'secret'));
    expect([after.mode, after.mtimeMs, after.size]).toEqual([before.mode, before.mtimeMs, before.size]);
    expect(await readFile(join(vmm.outside, 'secret'), 'utf8')).toBe('secret of the host\n');
    const replacing = FILE_CHANGES.filter(([what]) => what === 'RENAME over it');
    expect(await granted(tries(at, replacing))).toEqual(['RENAME over it']);
    expect(await readFile(join(vmm.outside, 'secret'), 'utf8')).toBe('secret of the host\n');
    return `${changes.length * 2} requests refused`;
  },
  { timeoutMs: MOST_MS },
);

attack(
  {
    id: 'fuse-special-files',
    from: 'guest',
    tries:
      'Devices, FIFOs, whiteouts (RENAME2), set-user-id and set-group-id bits, by each request that can make them; requests and SETATTR in the name of root and of other accounts.',
    holds:
      'Refused (EPERM); what is made belongs to the folder’s owner, whoever asks. Without those bits the same requests succeed.',
    promise: 'mounted-read-write',
  },
  async () => {
    const src = await raw.node('src');
    const a = await raw.node('src/a.txt');
    const handle = await raw.open(a, constants.O_RDWR);
    const byHandle = (mode: number) => {
      const body = setattrBody({ mode });
      body.writeUInt32LE(1 | 64, 0);
      body.writeBigUInt64LE(handle, 8);
      return body;
    };
    const all: [string, () => Promise<Answer>][] = [
      ['block device', () => raw.ask(OP.mknod, src, mknodBody('b', 0o60644, 0x800))],
      ['character device', () => raw.ask(OP.mknod, src, mknodBody('c', 0o20644, 0x103))],
      ['character device 0:0', () => raw.ask(OP.mknod, src, mknodBody('c', 0o20644, 0))],
      ['FIFO', () => raw.ask(OP.mknod, src, mknodBody('f', 0o10644))],
      ['set-user-id node', () => raw.ask(OP.mknod, src, mknodBody('n', 0o104755))],
      ['whiteout', () => raw.ask(OP.rename2, src, rename2Body(src, 'a.txt', 'b.txt', WHITEOUT))],
      ...[0o4755, 0o2755, 0o6755].flatMap((mode): [string, () => Promise<Answer>][] => [
        [`CREATE ${mode.toString(8)}`, () => raw.ask(OP.create, src, createBody('s', mode))],
        [`MKDIR ${mode.toString(8)}`, () => raw.ask(OP.mkdir, src, mkdirBody('s', mode))],
        [`SETATTR ${mode.toString(8)}`, () => raw.ask(OP.setattr, a, setattrBody({ mode: 0o100000 | mode }))],
        [`SETATTR by handle ${mode.toString(8)}`, () => raw.ask(OP.setattr, a, byHandle(0o100000 | mode))],
      ]),
    ];
    expect(await granted(all)).toEqual([]);
    for (const uid of [0, 1, OWNER, 65_534, 0xfffffffe]) {
      const who = { uid, gid: uid };
      expect((await raw.ask(OP.create, src, createBody(`by ${uid}`), who)).said).toBe('ok');
      expect((await raw.ask(OP.mkdir, src, mkdirBody(`folder ${uid}`), who)).said).toBe('ok');
      expect((await raw.ask(OP.setattr, a, setattrBody({ uid }), who)).said).toBe('ok');
    }
    // Not an account at all: whatever comes of it belongs to the owner as well.
    await raw.ask(OP.create, src, createBody('by nobody'), { uid: 0xffffffff, gid: 0xffffffff });
    expect((await raw.ask(OP.setattr, a, byHandle(0o100600))).said).toBe('ok');
    for (const entry of await readdir(join(vmm.folder, 'src'))) {
      const { mode, uid, gid } = await lstat(join(vmm.folder, 'src', entry));
      expect([entry, uid, gid, mode & 0o6000]).toEqual([entry, OWNER, OWNER, 0]);
      expect([0o100000, 0o40000, 0o120000]).toContain(mode & 0o170000);
    }
    return `${all.length} requests refused`;
  },
  { timeoutMs: MOST_MS },
);
