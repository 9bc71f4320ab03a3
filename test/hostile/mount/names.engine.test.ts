import { constants } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { attack } from '../attack';
import { granted, MAKERS, TAKERS } from './attempts';
import { deviceState, type StateHandle, type StateNode } from './deviceState';
import { createBody, linkBody, mkdirBody, mknodBody, OP, packed, ROOT_NODE, symlinkBody } from './rawFuse';
import { TamperedVmm } from './tamperedVmm';

/** A virtiofsd of its own for each connection, on a busy host. */
const MOST_MS = 300_000;

let vmm: TamperedVmm;

beforeAll(async () => {
  vmm = await TamperedVmm.open('names', false, {
    'src/a.txt': 'hello\n',
    'src/spare': '',
    'src/deep/b.txt': '',
    'nested/.git/config': '[core]\n',
    '.git/config': '[core]\n',
    'a.txt': 'hello\n',
  });
});
afterAll(() => vmm?.dispose());

const OUTSIDE = [
  '..',
  '../a.txt',
  '../../etc/passwd',
  '../../outside/secret',
  '/etc/passwd',
  '/../outside/secret',
  '/proc/self/mem',
  '/proc/self/root/etc/passwd',
  '/dev/shm/made',
  '/run/bulkhead-share/made',
  '/run/bulkhead-share/socket',
  '/share/a.txt',
  '/a.txt',
  'deep/b.txt',
];
/** Protected: as text they begin with something else. */
const BY_WAY_OF = [
  '/.git/made',
  '/.idea',
  '/.envrc',
  '.git/made',
  '/share/src/../.idea',
  '/share/nested/.git/made',
  '/share/src/../.git/config',
  'deep/../../.idea',
];
const NO_NAMES = ['', '/', '.', 'a'.repeat(65_536), `a/${'b/'.repeat(2000)}`];

attack(
  {
    id: 'fuse-names',
    from: 'guest',
    tries:
      'A tampered kernel’s names in raw FUSE requests: `..`, paths relative and absolute (`/.git/made`, `/share/src/../.idea`, virtiofsd’s own /proc and socket), empty ones and ones of 64 KiB, in LOOKUP and all that makes, moves or removes.',
    holds:
      'A name is one component: all others are refused, whatever virtiofsd would make of them; nothing is made, there or beside virtiofsd. The same requests with plain names succeed.',
    promise: 'mounted-read-write',
  },
  async () => {
    const before = await vmm.snapshot();
    const raw = await vmm.connect();
    const writable = 'ls -A /dev/shm /run/bulkhead-share';
    const besides = await vmm.inShare(writable);
    const [src, nested, spare] = [
      await raw.node('src'),
      await raw.node('nested'),
      await raw.node('src/spare'),
    ];
    const ways = [...MAKERS, ...TAKERS];
    const tries = [BigInt(ROOT_NODE), src, nested].flatMap((parent) =>
      [...OUTSIDE, ...BY_WAY_OF, ...NO_NAMES].flatMap((name) => [
        ...(name === '.'
          ? []
          : [[`LOOKUP ${name}`, () => raw.ask(OP.lookup, parent, packed(`${name}\0`))] as const]),
        ...ways.map(
          ([what, attempt]) =>
            [`${what} ${name.slice(0, 40)}`, () => attempt(raw, { parent, spare, from: src }, name)] as const,
        ),
      ]),
    );
    expect(await granted(tries.map(([what, attempt]) => [what, attempt]))).toEqual([]);
    expect(await vmm.snapshot()).toEqual(before);
    expect(await vmm.inShare(writable)).toBe(besides);
    expect((await raw.ask(OP.lookup, src, packed('a.txt\0'))).said).toBe('ok');

    const made: [string, number, Buffer][] = [
      ['CREATE', OP.create, createBody('created')],
      ['MKNOD', OP.mknod, mknodBody('node')],
      ['MKDIR', OP.mkdir, mkdirBody('folder')],
      ['SYMLINK', OP.symlink, symlinkBody('symlink', '/etc')],
      ['LINK', OP.link, linkBody(spare, 'hard')],
    ];
    expect(await granted(made.map(([what, op, body]) => [what, () => raw.ask(op, src, body)]))).toEqual(
      made.map(([what]) => what),
    );
    const { node, handle } = await raw.create(src, 'written');
    await raw.write(node, handle, 'by the tampered kernel\n');
    expect(await readFile(join(vmm.folder, 'src/written'), 'utf8')).toBe('by the tampered kernel\n');
    for (const name of ['created', 'node', 'folder', 'symlink', 'hard', 'written']) {
      await rm(join(vmm.folder, 'src', name), { recursive: true });
    }
    return `${tries.length} requests refused, ${made.length + 1} plain ones granted`;
  },
  { timeoutMs: MOST_MS },
);

attack(
  {
    id: 'fuse-device-state',
    from: 'vmm',
    tries:
      'Handing virtiofsd a forged migration state, which says what to open and how: its own memory, files of its container, the folder’s parent, protected files to write.',
    holds:
      'It is opened with the rules of every other request: the load fails. A state that names an ordinary file is loaded, and the file can be written.',
    promise: 'mounted-read-write',
  },
  async () => {
    const before = await vmm.snapshot();
    const { O_RDWR, O_RDONLY } = constants;
    const loaded = async (nodes: StateNode[], handles: StateHandle[]) => {
      const raw = await vmm.connect();
      const result = await raw.command(`load ${deviceState(nodes, handles)}`);
      return { result, raw };
    };
    const [id, handle] = [7, 9];
    for (const name of OUTSIDE) {
      for (const flags of name === '/proc/self/mem' ? [O_RDWR] : [O_RDONLY]) {
        const nodes = [{ id, parent: ROOT_NODE, name }];
        expect(`${name} ${(await loaded(nodes, [{ id: handle, node: id, flags }])).result}`).toBe(
          `${name} loaded 1`,
        );
      }
    }
    const config = (top: string) => [
      { id: 5, parent: ROOT_NODE, name: top },
      { id: 6, parent: 5, name: '.git' },
      { id, parent: 6, name: 'config' },
    ];
    const toWrite = [{ id: handle, node: id, flags: O_RDWR }];
    expect((await loaded(config('nested'), toWrite)).result).toBe('loaded 1');
    expect((await loaded(config('nested'), [{ id: handle, node: id, flags: O_RDONLY }])).result).toBe(
      'loaded 0',
    );

    const plain = await loaded([{ id, parent: ROOT_NODE, name: 'a.txt' }], toWrite);
    expect(plain.result).toBe('loaded 0');
    expect((await plain.raw.read(BigInt(id), BigInt(handle))).body.toString()).toBe('hello\n');
    expect((await plain.raw.write(BigInt(id), BigInt(handle), 'hello\n')).said).toBe('ok');
    const after = await vmm.snapshot();
    expect({ ...after, 'names/a.txt': '' }).toEqual({ ...before, 'names/a.txt': '' });
    return `${OUTSIDE.length + 1} states refused, an ordinary one loaded`;
  },
  { timeoutMs: MOST_MS },
);
