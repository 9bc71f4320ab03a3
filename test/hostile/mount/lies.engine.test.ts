import { afterAll, beforeAll, expect } from 'vitest';
import { tracesOf } from '../../integration/fixtures/machine';
import { attack } from '../attack';
import { type Answer, createBody, OP, packed, type RawFuse, ROOT_NODE } from './rawFuse';
import { TamperedVmm } from './tamperedVmm';

let vmm: TamperedVmm;

beforeAll(async () => {
  vmm = await TamperedVmm.open('lies', false, { 'a.txt': 'hello\n', 'src/b.txt': '' });
});
afterAll(() => vmm?.dispose());

/** Where vhostUser.pl has requests and answers, and how large its memory is. */
const [IN, OUT, MEMORY] = [0x100000, 0x800000, 16 << 20];
const HUGE = 0xffffffff;

const readBody = (handle: bigint, size: number) => packed(handle, 0n, size, 0, 0n, 0, 0);

const REQUESTS: [string, (raw: RawFuse) => Promise<Answer>][] = [
  ...[0, 1, 39, 40, 41, 5000, 0x101000, HUGE].map((len): (typeof REQUESTS)[number] => [
    `a length of ${len}`,
    (raw) => raw.ask(OP.lookup, ROOT_NODE, packed('a.txt\0'), { len }),
  ]),
  ...[OP.create, OP.mknod, OP.mkdir, OP.symlink, OP.rename, OP.link, OP.setattr, OP.write].map(
    (op): (typeof REQUESTS)[number] => [
      `request ${op} without a body`,
      (raw) => raw.ask(op, ROOT_NODE, Buffer.alloc(0)),
    ],
  ),
  ['a name without an end', (raw) => raw.ask(OP.lookup, ROOT_NODE, packed('a.txt'))],
  ['a new name without an end', (raw) => raw.ask(OP.create, ROOT_NODE, packed(2, 0o644, 0, 0, 'made'))],
  ['a link without a target', (raw) => raw.ask(OP.symlink, ROOT_NODE, packed('made\0'))],
  ['a name with two ends', (raw) => raw.ask(OP.lookup, ROOT_NODE, packed('a.txt\0src\0'))],
  ['request 0', (raw) => raw.ask(0, ROOT_NODE, Buffer.alloc(8))],
  ['request 9999', (raw) => raw.ask(9999, ROOT_NODE, Buffer.alloc(64))],
  ['no room for an answer', (raw) => raw.ask(OP.lookup, ROOT_NODE, packed('a.txt\0'), { room: 0 })],
  ['room for half an answer', (raw) => raw.ask(OP.lookup, ROOT_NODE, packed('a.txt\0'), { room: 8 })],
  ...[0n, 999n, 1n << 63n, (1n << 64n) - 1n].map((node): (typeof REQUESTS)[number] => [
    `node ${node}`,
    (raw) => raw.ask(OP.getattr, node, packed(0, 0, 0n)),
  ]),
  ['a file for a folder', async (raw) => raw.ask(OP.create, await raw.node('a.txt'), createBody('made'))],
  [
    'a handle that was not given',
    async (raw) => raw.ask(OP.read, await raw.node('a.txt'), readBody(12345n, 64)),
  ],
  [
    'another node’s handle',
    async (raw) =>
      raw.ask(OP.read, await raw.node('src/b.txt'), readBody(await raw.open(await raw.node('a.txt'), 0), 64)),
  ],
  [
    'reading 4 GiB',
    async (raw) => {
      const node = await raw.node('a.txt');
      return raw.ask(OP.read, node, readBody(await raw.open(node, 0), HUGE));
    },
  ],
  [
    'a list of 4 GiB',
    async (raw) => {
      const { body } = await raw.ask(OP.opendir, ROOT_NODE, packed(0, 0));
      return raw.ask(OP.readdir, ROOT_NODE, readBody(body.readBigUInt64LE(), HUGE));
    },
  ],
  [
    'writing more than is there',
    async (raw) => {
      const { node, handle } = await raw.create(await raw.node('src'), `long ${Date.now()}`);
      return raw.ask(OP.write, node, packed(handle, 0n, HUGE, 0, 0n, 0, 0, 'x'));
    },
  ],
  ['forgetting 4 billion nodes', (raw) => raw.ask(OP.batchForget, 0, packed(HUGE, 0, 1n, 1n << 62n))],
  ['another FUSE_INIT', (raw) => raw.ask(OP.init, 0, packed(99, 0, 0, 0, 0, Buffer.alloc(44)))],
  ['ioctl', (raw) => raw.ask(OP.ioctl, ROOT_NODE, packed(1n, 0, 0x5401, 0n, 0, 0))],
  ['DAX', (raw) => raw.ask(OP.setupMapping, ROOT_NODE, packed(1n, 0n, 4096n, 3n, 0n))],
];

/** A queue, the chain's head, and the table of descriptors: address, length, flags (1 goes on, 2 is for the answer, 4 indirect), next. */
const CHAINS: [string, string][] = [
  ['a chain that bites its tail', `1 0 ${IN},64,1,0`],
  ['a longer one', `1 0 ${IN},64,1,1;${IN},64,1,2;${OUT},64,3,0`],
  ['a chain that leaves the table', `1 0 ${IN},64,1,999`],
  ['a head outside of the table', `1 5000 ${IN},64,0,0`],
  ['an address outside of the memory', `1 0 ${2 ** 40},64,1,1;${OUT},4096,2,0`],
  ['an answer outside of the memory', `1 0 ${IN},64,1,1;${2 ** 40},4096,2,0`],
  ['a length beyond the memory', `1 0 ${MEMORY - 64},4096,1,1;${OUT},4096,2,0`],
  ['a length of 4 GiB', `1 0 ${IN},${HUGE},1,1;${OUT},${HUGE},2,0`],
  ['lengths that add up to more than there is', `1 0 ${IN},${HUGE},1,1;${IN},${HUGE},1,2;${OUT},${HUGE},2,0`],
  ['an address that wraps', `1 0 18446744073709551600,64,1,1;${OUT},4096,2,0`],
  ['an answer before the request', `1 0 ${OUT},4096,3,1;${IN},64,0,0`],
  ['indirect descriptors, not agreed on', `1 0 ${IN},64,4,0`],
  ['nothing at all', `1 0 ${IN},0,0,0`],
  ['the request queue’s on the other queue', `0 0 ${IN},64,1,1;${OUT},4096,2,0`],
];

attack(
  {
    id: 'fuse-lies',
    from: 'vmm',
    tries:
      'Lengths that lie, names without an end, nodes and handles that were never given out, DAX, 4 GiB at once; descriptor chains with loops, addresses and lengths outside of the memory; memory that is taken away.',
    holds:
      'virtiofsd refuses, or ends instead of hanging; no file is touched. The list of machines says that the folder is not served any more, and the machine can be removed.',
    promise: 'mounted-read-write',
  },
  async () => {
    const made = /^lies\/src\/long /;
    const files = async () =>
      Object.fromEntries(
        Object.entries(await vmm.snapshot()).filter(([path]) => !made.test(path) && path !== 'lies/src'),
      );
    const before = await files();
    let raw = await vmm.connect();
    const outcomes = { refused: 0, ended: 0 };
    const tries: [string, (to: RawFuse) => Promise<Answer>][] = [
      ...REQUESTS,
      ...CHAINS.map(([what, chain]): (typeof REQUESTS)[number] => [
        what,
        async (to) => {
          await to.command(
            `poke ${IN} ${to.request(OP.lookup, ROOT_NODE, packed('a.txt\0')).toString('hex')}`,
          );
          return to.raw(`chain ${chain}`);
        },
      ]),
      ['memory that is taken away', (to) => to.raw('shrink')],
    ];
    for (const [what, attempt] of tries) {
      const { said } = await attempt(raw);
      const served = (await raw.ask(OP.lookup, ROOT_NODE, packed('src\0'))).said;
      if (served === 'ok') {
        outcomes.refused++;
        continue;
      }
      expect(`${what}: ${said}, then ${served}; ended: ${await vmm.hasEnded()}`).toMatch(/ended: true$/);
      outcomes.ended++;
      raw = await vmm.connect();
    }
    expect(await files()).toEqual(before);

    await raw.ask(OP.lookup, ROOT_NODE, packed('a.txt'));
    expect(await vmm.hasEnded()).toBe(true);
    expect((await vmm.listed())?.reason).toMatch(/mounted folder has ended/);
    await vmm.machine.bulkhead('rm', '--force');
    expect(await tracesOf(vmm.machine.id)).toEqual([]);
    expect(await files()).toEqual(before);
    return `${outcomes.refused} refused, ${outcomes.ended} ended virtiofsd; listed as such, and removed`;
  },
  { timeoutMs: 400_000 },
);
