import { constants } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { attack } from '../attack';
import { type Attempt, EXCHANGE, FILE_CHANGES, granted, MAKERS, type Target } from './attempts';
import {
  mkdirBody,
  OP,
  packed,
  type RawFuse,
  ROOT_NODE,
  rename2Body,
  renameBody,
  setattrBody,
} from './rawFuse';
import { TamperedVmm } from './tamperedVmm';

const FILES = [
  '.git/config',
  '.git/hooks/sample',
  '.vscode/tasks.json',
  '.bulkhead.json',
  '.github/workflows/x.yml',
  'nested/.git/config',
  'nested/.vscode/tasks.json',
  'nested/.devcontainer.json',
  // A repository without a name that says so: fixtures, bare clones.
  'fixture/config',
  'fixture/hooks/sample',
  'fixture/HEAD',
];
const FOLDERS = [
  '.git',
  '.git/hooks',
  '.vscode',
  '.github',
  'nested/.git',
  'nested/.vscode',
  'fixture',
  'fixture/hooks',
];
/** Names that must not appear: anywhere, and directly in the folder. */
const NEW_NAMES = [
  '.git',
  '.GIT',
  '.gIt.',
  '.git (deleted)',
  '.g\u200cit',
  'HEAD',
  '.idea',
  '.Idea',
  '.vs',
  '.v\u017f',
  '.devcontainer',
  '.devcontainer.json',
  '.bulKHead.json',
  '.bul\u212ahead.json',
  'x.code-workspace',
  '.envrc',
  '.mcp.json',
];
const NEW_NAMES_AT_TOP = ['.husky', '.HUSKY', '.hu\u017fky', '.gitlab-ci.yml', 'Jenkinsfile', '.circleci '];

/** A virtiofsd of its own for each connection, on a busy host. */
const MOST_MS = 300_000;

let vmm: TamperedVmm;
let raw: RawFuse;

beforeAll(async () => {
  vmm = await TamperedVmm.open('protected', false, {
    ...Object.fromEntries(FILES.map((path) => [path, 'as the host has it\n'])),
    'nested/a.txt': '',
    'node_modules/p/index.js': '',
    'packages/p/index.js': '',
    'sub/.git/config': '',
    'sub/file': 'as the host has it\n',
  });
  raw = await vmm.connect();
});
afterAll(() => vmm?.dispose());

async function target(path: string, aside: bigint): Promise<Target> {
  const at = path.lastIndexOf('/');
  return {
    parent: await raw.node(path.slice(0, Math.max(at, 0))),
    name: path.slice(at + 1),
    node: await raw.node(path),
    aside,
  };
}

/** The nodes of a new folder and of the file `spare` in it. */
async function freshAside(name: string): Promise<{ aside: bigint; spare: bigint }> {
  await vmm.write({ [`${name}/spare`]: 'of the guest\n' });
  return { aside: await raw.node(name), spare: await raw.node(`${name}/spare`) };
}

/** Names are bytes to FUSE. */
const bytes = (name: string) => Buffer.from(name).toString('latin1');

/** Opened to read, and then used to write: by itself, by its handle’s attributes, and as what is copied to. */
function handleTries(at: Target, spare: bigint): [string, Attempt[1]][] {
  const read = (node: bigint) => raw.open(node, constants.O_RDONLY);
  return [
    ['WRITE', async () => raw.write(at.node, await read(at.node), 'x')],
    ['FALLOCATE', async () => raw.ask(OP.fallocate, at.node, packed(await read(at.node), 0n, 4096n, 0, 0))],
    [
      'SETATTR size of the handle',
      async () => {
        const body = setattrBody({ size: 0n });
        body.writeUInt32LE(8 | 64, 0);
        body.writeBigUInt64LE(await read(at.node), 8);
        return raw.ask(OP.setattr, at.node, body);
      },
    ],
    [
      'COPY_FILE_RANGE',
      async () =>
        raw.ask(
          OP.copyFileRange,
          spare,
          packed(await read(spare), 0n, at.node, await read(at.node), 0n, 4n, 0n),
        ),
    ],
    ['SETXATTR', () => raw.ask(OP.setxattr, at.node, packed(1, 0, 'user.x\0', '1'))],
    ['REMOVEXATTR', () => raw.ask(OP.removexattr, at.node, packed('user.x\0'))],
  ];
}

attack(
  {
    id: 'fuse-protected-files',
    from: 'guest',
    tries:
      'Raw FUSE requests against .git, .vscode and the like, at the top and below, and against a repository that is not called .git: each kind of OPEN, SETATTR, CREATE, LINK, RENAME, RENAME2 (exchange), UNLINK, SETXATTR; WRITE, FALLOCATE and COPY_FILE_RANGE with handles that are open to read.',
    holds:
      'All are refused, and every byte, time and link count is as before. On an ordinary file each kind succeeds.',
    promise: 'mounted-read-write',
  },
  async () => {
    const { aside, spare } = await freshAside('aside of files');
    const before = await vmm.snapshot();
    let tried = 0;
    for (const path of FILES) {
      const at = await target(path, aside);
      const tries = [...FILE_CHANGES, ...handleTries(at, spare)];
      tried += tries.length;
      expect([path, await granted(tries.map(([what, attempt]) => [what, () => attempt(raw, at)]))]).toEqual([
        path,
        [],
      ]);
    }
    expect(await vmm.snapshot()).toEqual(before);

    for (const [what, attempt] of FILE_CHANGES) {
      const folder = `plain ${what}`;
      await vmm.write({ [`${folder}/file`]: 'x', [`${folder}/aside/spare`]: '' });
      const at = await target(`${folder}/file`, await raw.node(`${folder}/aside`));
      expect([what, (await attempt(raw, at)).said]).toEqual([what, 'ok']);
    }
    return `${tried} requests refused; on an ordinary file ${FILE_CHANGES.length} kinds are granted`;
  },
  { timeoutMs: MOST_MS },
);

attack(
  {
    id: 'fuse-protected-names',
    from: 'guest',
    tries:
      'Making, linking or moving something into protected folders, or to a protected name: also in other case, with letters that fold into ASCII, invisible characters or a dot at its end; by way of node_modules, where such names are allowed.',
    holds:
      'All are refused; a folder can’t leave node_modules by a rename (EXDEV, so tools copy, name by name). Ordinary names, and .vscode in a package, can be made.',
    promise: 'mounted-read-write',
  },
  async () => {
    const { aside: from, spare } = await freshAside('aside of names');
    const before = await vmm.snapshot();
    const places: [bigint, string[]][] = [
      [BigInt(ROOT_NODE), [...NEW_NAMES, ...NEW_NAMES_AT_TOP]],
      [await raw.node('nested'), NEW_NAMES],
      [await raw.node('packages/p'), NEW_NAMES],
      ...(await Promise.all(
        FOLDERS.map(async (path): Promise<[bigint, string[]]> => [await raw.node(path), ['made']]),
      )),
    ];
    const tries = places.flatMap(([parent, names]) =>
      names.flatMap((name) =>
        MAKERS.map(([what, attempt]): [string, () => ReturnType<typeof attempt>] => [
          `${what} ${name}`,
          () => attempt(raw, { parent, spare, from }, bytes(name)),
        ]),
      ),
    );
    for (const path of FOLDERS.filter((each) => /\.\w+$/.test(each))) {
      const at = await target(path, from);
      tries.push(
        [`RENAME ${path}`, () => raw.ask(OP.rename, at.parent, renameBody(from, at.name, 'moved'))],
        [`RMDIR ${path}`, () => raw.ask(OP.rmdir, at.parent, packed(`${at.name}\0`))],
        [`SETATTR ${path}`, () => raw.ask(OP.setattr, at.node, setattrBody({ mode: 0o40777 }))],
        [`OPEN O_TMPFILE ${path}`, () => raw.ask(OP.open, at.node, packed(0o20200002, 0))],
      );
    }
    expect(await granted(tries)).toEqual([]);
    expect(await vmm.snapshot()).toEqual(before);

    const [modules, packages, top] = [
      await raw.node('node_modules'),
      await raw.node('packages'),
      BigInt(ROOT_NODE),
    ];
    const inPackage = await raw.ask(OP.mkdir, await raw.node('node_modules/p'), mkdirBody('.vscode'));
    expect(inPackage.said).toBe('ok');
    const moves = [
      raw.ask(OP.rename, modules, renameBody(packages, 'p', 'q')),
      raw.ask(OP.rename, top, renameBody(top, 'node_modules', 'other')),
      raw.ask(OP.rename2, modules, rename2Body(packages, 'p', 'p', EXCHANGE)),
      raw.ask(OP.rename2, packages, rename2Body(modules, 'p', 'p', EXCHANGE)),
    ];
    expect((await Promise.all(moves)).map(({ said }) => said)).toEqual(moves.map(() => 'EXDEV'));
    for (const name of ['.gitignore', '.vscode.md', 'head', 'HEADER', '.github', 'Kit.code-workspaces']) {
      expect([name, (await raw.ask(OP.mkdir, packages, mkdirBody(name))).said]).toEqual([name, 'ok']);
    }
    expect((await raw.ask(OP.rename, modules, renameBody(modules, 'p', 'q'))).said).toBe('ok');
    return `${tries.length} requests and ${moves.length} moves refused`;
  },
  { timeoutMs: MOST_MS },
);

attack(
  {
    id: 'fuse-moved-out',
    from: 'guest',
    tries:
      'Going on with a folder that the user has moved out of the mounted one meanwhile: looking up, reading, writing to it, its repository and its parent by the nodes that are known from before.',
    holds:
      'It is not in the folder any more: nothing in it can be looked up, opened or made. Before, it could.',
    promise: 'mounted-read-write',
  },
  async () => {
    const { aside: from, spare } = await freshAside('aside of sub');
    const at = await target('sub/file', from);
    const git = await raw.node('sub/.git');
    expect((await raw.ask(OP.create, at.parent, packed(2, 0o644, 0o22, 0, 'made\0'))).said).toBe('ok');
    expect((await raw.ask(OP.open, at.node, packed(constants.O_RDWR, 0))).said).toBe('ok');
    await vmm.moveOut('sub');
    const before = await vmm.snapshot();
    const tries = [
      ...FILE_CHANGES.map(([what, attempt]): [string, () => ReturnType<Attempt[1]>] => [
        what,
        () => attempt(raw, at),
      ]),
      ...[at.parent, git].flatMap((parent) =>
        MAKERS.map(([what, attempt]): [string, () => ReturnType<Attempt[1]>] => [
          `${what} in it`,
          () => attempt(raw, { parent, spare, from }, 'new'),
        ]),
      ),
      ...['file', '.git', '..', '../secret', '../../protected/packages/p/index.js'].map(
        (name): [string, () => ReturnType<Attempt[1]>] => [
          `LOOKUP ${name}`,
          () => raw.ask(OP.lookup, at.parent, packed(`${name}\0`)),
        ],
      ),
      ['OPEN to read', () => raw.ask(OP.open, at.node, packed(constants.O_RDONLY, 0))] as const,
      ['OPENDIR', () => raw.ask(OP.opendir, at.parent, packed(0, 0))] as const,
    ];
    expect(await granted(tries.map(([what, attempt]) => [what, attempt]))).toEqual([]);
    expect(await vmm.snapshot()).toEqual(before);
    await mkdir(join(vmm.folder, 'sub'));
    await writeFile(join(vmm.folder, 'sub/file'), 'anew');
    expect(
      (
        await raw.read(await raw.node('sub/file'), await raw.open(await raw.node('sub/file'), 0))
      ).body.toString(),
    ).toBe('anew');
    return `${tries.length} requests refused`;
  },
  { timeoutMs: MOST_MS },
);
