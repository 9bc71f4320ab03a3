/** What a repo's files can ask for beyond the safe defaults. */
export const ASK_KINDS = [
  'network-hosts',
  'network-presets',
  'network-full',
  'forward-ports',
  'mount',
  'mount-write',
  'forward-agent',
  'git-credentials',
  'environment',
] as const;
export type AskKind = (typeof ASK_KINDS)[number];

/** One thing that a folder's files ask for and only the user grants. Without the grant it has no effect. */
export interface Ask {
  kind: AskKind;
  /** Exactly what is asked for, one entry each: hosts, ports, names; empty for kinds that say it all. */
  values: string[];
  /** One sentence for the user: what granting it opens. Its parts from the repo are made printable. */
  text: string;
  /** `file:line:column` and key. */
  origin: string;
  granted: boolean;
}

/** All that a folder asks for; `digest` (SHA-256, hex) is over the folder's real path and the exact asks. */
export interface FolderAsks {
  folder: string;
  digest: string;
  asks: Ask[];
}
