import { createHash } from 'node:crypto';

/** What a repo's files can ask for beyond the safe defaults. */
export const ASK_KINDS = [
  'network-hosts',
  'network-presets',
  'network-allowlist',
  'network-full',
  'forward-ports',
  'mount',
  'mount-write',
  'forward-agent',
  'git-credentials',
  'environment',
] as const;
export type AskKind = (typeof ASK_KINDS)[number];

/** The kinds on the command line: `bulkhead consent --grant hosts`, `bulkhead up --allow-hosts`. */
export const ASK_WORDS: Readonly<Record<AskKind, string>> = {
  'network-hosts': 'hosts',
  'network-presets': 'presets',
  'network-allowlist': 'network',
  'network-full': 'full-network',
  'forward-ports': 'ports',
  mount: 'mount',
  'mount-write': 'write',
  'forward-agent': 'agent',
  'git-credentials': 'git',
  environment: 'env',
};

/** A kind with exactly what is asked for, one entry each: hosts, ports, names; empty for kinds that say it all. */
export interface AskedThing {
  kind: AskKind;
  values: string[];
}

/** One thing that a folder's files ask for and only the user grants. Without the grant it has no effect. */
export interface Ask extends AskedThing {
  /** Those of `values` that count: by a grant, or because the user's own settings or command line say the same. */
  grantedValues: string[];
  /** All of it counts. */
  granted: boolean;
  /** One sentence for the user: what granting it opens. Its parts from the repo are made printable. */
  text: string;
  /** `file:line:column: key`. */
  origin: string;
  /** What the user has not been asked before; set only if the folder asked for something else the last time. */
  news?: { values: string[] };
}

/** All that a folder asks for; `digest` (SHA-256, hex) is over the folder's real path and the exact asks. */
export interface FolderAsks {
  folder: string;
  digest: string;
  asks: Ask[];
  /** The user has been asked for exactly this, whatever the answer was. */
  answered: boolean;
}

/** The user's answer for one folder. It counts as long as the folder asks for exactly the same. */
export interface Grant {
  digest: string;
  /** What was asked for then. */
  asked: AskedThing[];
  granted: AskedThing[];
  /** False if the user was never shown all of it, but decided about one of the things on the way. */
  answered: boolean;
}

/** What counts as agreed to: an answer of before, and kinds (or all) that the command at hand grants whatever they hold. */
export interface Grants {
  answer?: Grant;
  now?: readonly AskKind[] | 'all';
}

/**
 * Asked for only where the user's own settings say less, which not every face of the program knows: no part of the digest, so that
 * an answer is the same one everywhere. It has no values that could change.
 */
const BESIDE_DIGEST: readonly AskKind[] = ['network-allowlist'];

/** Names what a folder asks for; the order in which it does makes no difference. `folder` is a real path. */
export function asksDigest(folder: string, asked: readonly AskedThing[]): string {
  const canonical = ASK_KINDS.filter((kind) => !BESIDE_DIGEST.includes(kind)).flatMap((kind) =>
    asked.filter((ask) => ask.kind === kind).map((ask) => [kind, ask.values.toSorted()]),
  );
  return createHash('sha256')
    .update(JSON.stringify([folder, canonical]))
    .digest('hex');
}

/** What of `asked` is granted; undefined for a kind that is not granted at all. */
export function grantedOf(asked: AskedThing, digest: string, grants: Grants): string[] | undefined {
  const { answer, now } = grants;
  if (now === 'all' || now?.includes(asked.kind)) {
    return asked.values;
  }
  const entry = answer?.digest === digest && answer.granted.find(({ kind }) => kind === asked.kind);
  return entry ? asked.values.filter((value) => entry.values.includes(value)) : undefined;
}

/** What the user was not asked when the folder asked for something else; undefined if it was all there, or nothing ever was. */
export function newsIn(asked: AskedThing, answer: Grant | undefined): Ask['news'] {
  if (answer === undefined || answer.asked.length === 0) {
    return undefined;
  }
  const before = answer.asked.find(({ kind }) => kind === asked.kind);
  const values = asked.values.filter((value) => !before?.values.includes(value));
  return before && values.length === 0 ? undefined : { values };
}
