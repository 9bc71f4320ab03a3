import { constants } from 'node:fs';
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
  renameBody,
  setattrBody,
  symlinkBody,
} from './rawFuse';

const { O_CREAT, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;
export const EXCHANGE = 2;

/** A file that is there, the folder that it is in, and another folder with a file `spare` in it. */
export interface Target {
  parent: bigint;
  name: string;
  node: bigint;
  aside: bigint;
}

export type Attempt = [what: string, (raw: RawFuse, at: Target) => Promise<Answer>];

const opened =
  (flags: number): Attempt[1] =>
  (raw, { node }) =>
    raw.ask(OP.open, node, packed(flags, 0));
const set =
  (what: Parameters<typeof setattrBody>[0]): Attempt[1] =>
  (raw, { node }) =>
    raw.ask(OP.setattr, node, setattrBody(what));

/** All that changes a file or its name: on an ordinary one, each succeeds. */
export const FILE_CHANGES: Attempt[] = [
  ['OPEN to write', opened(O_WRONLY)],
  ['OPEN to read and write', opened(O_RDWR)],
  ['OPEN with O_TRUNC', opened(O_WRONLY | O_TRUNC)],
  ['OPEN to read, with O_TRUNC', opened(O_RDONLY | O_TRUNC)],
  ['OPEN with O_CREAT', opened(O_RDWR | O_CREAT)],
  ['OPEN for ioctl alone', opened(3)],
  ['SETATTR mode', set({ mode: 0o100777 })],
  ['SETATTR size', set({ size: 0n })],
  ['SETATTR time', set({ mtime: 1n })],
  ['SETATTR owner', set({ uid: 0 })],
  ['CREATE over it', (raw, { parent, name }) => raw.ask(OP.create, parent, createBody(name))],
  ['LINK to elsewhere', (raw, { node, aside }) => raw.ask(OP.link, aside, linkBody(node, 'hard'))],
  [
    'RENAME to elsewhere',
    (raw, { parent, name, aside }) => raw.ask(OP.rename, parent, renameBody(aside, name, 'moved')),
  ],
  [
    'RENAME over it',
    (raw, { parent, name, aside }) => raw.ask(OP.rename, aside, renameBody(parent, 'spare', name)),
  ],
  [
    'RENAME2 exchange',
    (raw, { parent, name, aside }) =>
      raw.ask(OP.rename2, aside, rename2Body(parent, 'spare', name, EXCHANGE)),
  ],
  ['UNLINK', (raw, { parent, name }) => raw.ask(OP.unlink, parent, packed(`${name}\0`))],
];

/** Makes something of that name in that folder; `spare` is a file's node, `from` the folder that holds `spare`. */
export interface Place {
  parent: bigint;
  spare: bigint;
  from: bigint;
}

/** All that makes a name: in an ordinary folder, with an ordinary name, each succeeds. */
export const MAKERS: [string, (raw: RawFuse, at: Place, name: string) => Promise<Answer>][] = [
  ['CREATE', (raw, { parent }, name) => raw.ask(OP.create, parent, createBody(name))],
  ['MKNOD', (raw, { parent }, name) => raw.ask(OP.mknod, parent, mknodBody(name))],
  ['MKDIR', (raw, { parent }, name) => raw.ask(OP.mkdir, parent, mkdirBody(name))],
  ['SYMLINK', (raw, { parent }, name) => raw.ask(OP.symlink, parent, symlinkBody(name, 'a.txt'))],
  ['LINK', (raw, { parent, spare }, name) => raw.ask(OP.link, parent, linkBody(spare, name))],
  ['RENAME', (raw, { parent, from }, name) => raw.ask(OP.rename, from, renameBody(parent, 'spare', name))],
];

/** Takes a name away, or moves what has it. */
export const TAKERS: typeof MAKERS = [
  ['UNLINK', (raw, { parent }, name) => raw.ask(OP.unlink, parent, packed(`${name}\0`))],
  ['RMDIR', (raw, { parent }, name) => raw.ask(OP.rmdir, parent, packed(`${name}\0`))],
  [
    'RENAME away',
    (raw, { parent, from }, name) => raw.ask(OP.rename, parent, renameBody(from, name, 'taken')),
  ],
  [
    'RENAME2 exchange',
    (raw, { parent, from }, name) => raw.ask(OP.rename2, parent, rename2Body(from, name, 'spare', EXCHANGE)),
  ],
];

/** Runs each and returns those that were granted; one that is not answered fails. */
export async function granted(tries: [string, () => Promise<Answer>][]): Promise<string[]> {
  const list: string[] = [];
  for (const [what, attempt] of tries) {
    const { said } = await attempt();
    if (!/^(?:ok|E[A-Z0-9]+)$/.test(said)) {
      throw new Error(`${what}: ${said}`);
    }
    if (said === 'ok') {
      list.push(what);
    }
  }
  return list;
}
