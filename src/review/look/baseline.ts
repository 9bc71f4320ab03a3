import { open, readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { codeOf, messageOf } from '../../core/errors';
import { writeFileAtomic } from '../../core/files';
import type { Log } from '../../core/log';
import type { SentEntry } from '../../guest/sentEntry';

/** What a path was when both sides last had the same: at the copy, or when its change was brought back. */
export interface BaselineEntry {
  type: SentEntry['type'];
  /** 12 permission bits. */
  mode: number;
  /** Bytes of a file, else 0. */
  size: number;
  /** Of a file, hex. */
  sha256?: string;
  /** Of a symlink. */
  target?: string;
  /** SHA-256 of what the guest has and the user has decided about (merged with the host's): no change to be shown again. */
  settled?: string;
}

/** `origin`: made at the upload, or (for a machine of an older version) from the folder at the first look. */
export interface Baseline {
  origin: 'copy' | 'firstLook';
  entries: Map<string, BaselineEntry>;
}

const VERSION = 1;
const ENTRIES_MAX = 600_000;
/** Far above what the largest upload makes. */
const BYTES_MAX = 512 * 1024 * 1024;
const TYPES = { f: 'file', d: 'directory', l: 'symlink' } as const;
const LETTERS = { file: 'f', directory: 'd', symlink: 'l' } as const;

const headSchema = z.object({ version: z.literal(VERSION), origin: z.enum(['copy', 'firstLook']) });
const lineSchema = z.tuple([
  z.string(),
  z.enum(['f', 'd', 'l']),
  z.number().int().min(0).max(0o7777),
  z.number().int().min(0),
  z.string(),
  z.string().optional(),
]);

export function baselineOf(sent: readonly SentEntry[], origin: Baseline['origin']): Baseline {
  return { origin, entries: new Map(sent.map(({ path, ...entry }) => [path, entry])) };
}

/** A JSON line with version and origin, then one for each path: [path, type, mode, size, SHA-256 or link target, settled]. */
export async function writeBaseline(file: string, baseline: Baseline): Promise<void> {
  const lines = [JSON.stringify({ version: VERSION, origin: baseline.origin })];
  for (const [path, { type, mode, size, sha256, target, settled }] of baseline.entries) {
    const fields = [path, LETTERS[type], mode, size, sha256 ?? target ?? ''];
    lines.push(JSON.stringify(settled === undefined ? fields : [...fields, settled]));
  }
  await writeFileAtomic(file, `${lines.join('\n')}\n`);
}

/** Undefined if there is none, or it is damaged. */
export async function readBaseline(file: string, log: Log): Promise<Baseline | undefined> {
  try {
    if ((await sizeOf(file)) > BYTES_MAX) {
      throw new Error('it is too large');
    }
    const [head = '', ...lines] = (await readFile(file, 'utf8')).trimEnd().split('\n');
    const { origin } = headSchema.parse(JSON.parse(head));
    if (lines.length > ENTRIES_MAX) {
      throw new Error('it is too long');
    }
    return { origin, entries: new Map(lines.map(parseLine)) };
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') {
      log.warn(`What was copied into the machine is not known, ${file} can't be read: ${messageOf(error)}`);
    }
    return undefined;
  }
}

export async function removeBaseline(file: string): Promise<void> {
  await rm(file, { force: true });
}

function parseLine(line: string): [string, BaselineEntry] {
  const [path, letter, mode, size, content, settled] = lineSchema.parse(JSON.parse(line));
  const type = TYPES[letter];
  return [
    path,
    {
      type,
      mode,
      size,
      ...(type === 'file' && { sha256: content }),
      ...(type === 'symlink' && { target: content }),
      ...(settled !== undefined && { settled }),
    },
  ];
}

async function sizeOf(file: string): Promise<number> {
  const opened = await open(file, 'r');
  try {
    return (await opened.stat()).size;
  } finally {
    await opened.close();
  }
}
