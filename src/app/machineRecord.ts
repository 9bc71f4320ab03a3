import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { codeOf, messageOf } from '../core/errors';
import { writeFileAtomic } from '../core/files';
import type { Log } from '../core/log';
import { RULES_MAX } from '../network/networkRules';
import { NETWORK_PRESETS } from '../network/networkService';

const recordSchema = z.object({
  /** The guest's environment: the image's and `containerEnv`. */
  env: z.record(z.string(), z.string()),
  /** Set for every command: devcontainer `remoteEnv`, with the guest's environment put in. */
  remoteEnv: z.record(z.string(), z.string()),
  /** What an upload leaves out, and a comparison ignores. */
  exclude: z.array(z.string()),
  /** The account that owns the workspace and runs commands: the one asked for, or root if the image lacks it. */
  user: z.string(),
  /** The settings it was made with that need a restart when they change (`restartSettings`), for telling what did. */
  settings: z.record(z.string(), z.string()).optional(),
  /** Ports that the folder's settings want forwarded; a record of an older version has none. */
  forwardPorts: z.array(z.number().int().min(1).max(65_535)).default([]),
  /** Names of what the folder's (its real path) settings lent at the last `up`. Never a value. */
  credentials: z
    .object({ folder: z.string(), agent: z.boolean(), git: z.array(z.string()), env: z.array(z.string()) })
    .optional(),
  /** True if the `up` that made the record named the ports itself, instead of the folder. */
  portsOfCommand: z.boolean().optional(),
  /** Hosts that settings, command line and the settings' presets allowed at the last `up`. */
  allow: z
    .array(
      z.object({
        host: z.string().max(300),
        from: z.enum(['workspace', 'user', 'command line', ...NETWORK_PRESETS]),
      }),
    )
    .max(RULES_MAX)
    .default([]),
});

/** What this host remembers of a machine beside its keys: what later commands need of the settings it was made with. */
export type MachineRecord = z.output<typeof recordSchema>;

export async function writeRecord(file: string, record: MachineRecord): Promise<void> {
  await writeFileAtomic(file, `${JSON.stringify(record, undefined, 2)}\n`);
}

/** The record, or undefined if the machine was made by another host or the file is damaged. */
export async function readRecord(file: string, log: Log): Promise<MachineRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') {
      log.warn(`The record ${file} can't be read and is left out: ${messageOf(error)}`);
    }
    return undefined;
  }
}

export async function removeRecord(file: string): Promise<void> {
  await rm(file, { force: true });
}
