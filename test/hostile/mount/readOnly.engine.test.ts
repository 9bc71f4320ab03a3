import { constants } from 'node:fs';
import { afterAll, beforeAll, expect } from 'vitest';
import { attack } from '../attack';
import { FILE_CHANGES, granted, MAKERS, TAKERS } from './attempts';
import { deviceState } from './deviceState';
import { type Answer, OP, packed, ROOT_NODE, setattrBody } from './rawFuse';
import { TamperedVmm } from './tamperedVmm';

/** A virtiofsd of its own for each connection, on a busy host. */
const MOST_MS = 300_000;

let vmm: TamperedVmm;

beforeAll(async () => {
  vmm = await TamperedVmm.open('read-only', true, {
    'a.txt': 'as the host has it\n',
    'src/b.txt': 'as the host has it\n',
    'aside/spare': '',
    '.git/config': '[core]\n',
  });
});
afterAll(() => vmm?.dispose());

attack(
  {
    id: 'fuse-read-only',
    from: 'guest',
    tries:
      'Every changing request in raw FUSE against a folder that is mounted read-only; then a forged migration state that has its files and virtiofsd’s own memory open to write.',
    holds:
      'All are refused, and the folder is as before to the byte. Reading works; the same requests succeed where a folder is mounted read-write (`fuse-protected-files`).',
    promise: 'mounted-read-only',
  },
  async () => {
    const before = await vmm.snapshot();
    const raw = await vmm.connect();
    const [src, aside, spare] = [
      await raw.node('src'),
      await raw.node('aside'),
      await raw.node('aside/spare'),
    ];
    const b = { parent: src, name: 'b.txt', node: await raw.node('src/b.txt'), aside };
    const handle = await raw.open(b.node, constants.O_RDONLY);
    const all: [string, () => Promise<Answer>][] = [
      ...FILE_CHANGES.map(([what, attempt]): [string, () => Promise<Answer>] => [
        what,
        () => attempt(raw, b),
      ]),
      ...[BigInt(ROOT_NODE), src].flatMap((parent) =>
        MAKERS.map(([what, attempt]): [string, () => Promise<Answer>] => [
          what,
          () => attempt(raw, { parent, spare, from: aside }, 'made'),
        ]),
      ),
      ...['b.txt', '../a.txt', '/share/a.txt'].flatMap((name) =>
        TAKERS.map(([what, attempt]): [string, () => Promise<Answer>] => [
          what,
          () => attempt(raw, { parent: src, spare, from: aside }, name),
        ]),
      ),
      ['WRITE', () => raw.write(b.node, handle, 'x')],
      ['FALLOCATE', () => raw.ask(OP.fallocate, b.node, packed(handle, 0n, 4096n, 0, 0))],
      [
        'COPY_FILE_RANGE',
        () => raw.ask(OP.copyFileRange, b.node, packed(handle, 0n, b.node, handle, 4n, 4n, 0n)),
      ],
      ['SETXATTR', () => raw.ask(OP.setxattr, b.node, packed(1, 0, 'user.x\0', '1'))],
      ['OPEN O_TMPFILE', () => raw.ask(OP.open, src, packed(0o20200002, 0))],
      ['TMPFILE', () => raw.ask(OP.tmpfile, src, packed(2, 0o644, 0o22, 0, '/\0'))],
      ['SETATTR of the folder', () => raw.ask(OP.setattr, ROOT_NODE, setattrBody({ mode: 0o40777 }))],
    ];
    expect(await granted(all)).toEqual([]);
    expect((await raw.read(b.node, handle)).body.toString()).toBe('as the host has it\n');

    const [id, opened] = [7, 9];
    for (const name of ['a.txt', '/proc/self/mem', '/share/a.txt']) {
      const other = await vmm.connect();
      const state = deviceState(
        [{ id, parent: ROOT_NODE, name }],
        [{ id: opened, node: id, flags: constants.O_RDWR }],
      );
      expect(`${name} ${await other.command(`load ${state}`)}`).toBe(`${name} loaded 1`);
      const { said } = await other.write(BigInt(id), BigInt(opened), 'x');
      expect(`${name} ${said}`).not.toBe(`${name} ok`);
    }
    const reader = await vmm.connect();
    const toRead = deviceState(
      [{ id, parent: ROOT_NODE, name: 'a.txt' }],
      [{ id: opened, node: id, flags: 0 }],
    );
    expect(await reader.command(`load ${toRead}`)).toBe('loaded 0');
    expect(await vmm.snapshot()).toEqual(before);
    return `${all.length} requests and 3 states refused`;
  },
  { timeoutMs: MOST_MS },
);
