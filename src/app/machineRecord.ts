import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { codeOf, messageOf } from '../core/errors';
import { writeFileAtomic } from '../core/files';
import type { Log } from '../core/log';
import type { WaitOptions } from '../machine/hypervisor';
import { RULES_MAX } from '../network/networkRules';
import { NETWORK_PRESETS } from '../network/networkService';
import { withMachineLock } from './machineLock';
import type { Services } from './services';

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
  /** Who chose the machine's network mode; a record of an older version does not know. */
  network: z
    .discriminatedUnion('chosenBy', [
      /** The user, for this machine by name: it stays until he chooses again. */
      z.object({ chosenBy: z.literal('user') }),
      /** The settings, what was granted to the folder included; without that it would be `withoutGrant`. */
      z.object({ chosenBy: z.literal('settings'), withoutGrant: z.enum(['none', 'allowlist', 'full']) }),
    ])
    .optional(),
  /** Hosts that the tools of the granted presets named, once a machine: the guest's word, and no rules by themselves. */
  presetHosts: z
    .array(z.object({ preset: z.enum(NETWORK_PRESETS), hosts: z.array(z.string().max(300)).max(RULES_MAX) }))
    .optional(),
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

/**
 * Changes the record by what it says at this moment, while nobody else does. `change` is told if there is none, and returns
 * undefined to leave it as it is. Returns what the record says then.
 */
export function updateRecord(
  { data, log }: Pick<Services, 'data' | 'log'>,
  id: string,
  change: (
    record: MachineRecord | undefined,
  ) => MachineRecord | undefined | Promise<MachineRecord | undefined>,
  options: WaitOptions = {},
): Promise<MachineRecord | undefined> {
  return withMachineLock(data.recordLock(id), options, async () => {
    const file = data.record(id);
    const before = await readRecord(file, log);
    const after = await change(before);
    if (after !== undefined && JSON.stringify(after) !== JSON.stringify(before)) {
      await writeRecord(file, after);
    }
    return after ?? before;
  });
}

export async function removeRecord(file: string): Promise<void> {
  await rm(file, { force: true });
}
