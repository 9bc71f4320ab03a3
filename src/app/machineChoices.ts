import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { codeOf, messageOf } from '../core/errors';
import { writeFileAtomic } from '../core/files';
import type { Log } from '../core/log';
import type { MachineInfo } from '../machine/hypervisor';
import type { OnClose } from '../settings/workspaceSpec';

/** Names of what is lent, never a value. */
const credentialsSchema = z.object({
  agent: z.boolean(),
  git: z.array(z.string().max(300)).max(100),
  env: z.array(z.string().max(200)).max(200),
});

/** Loose: what a later version has put in stays in. */
const choicesSchema = z.looseObject({
  onClose: z.enum(['suspend', 'stop', 'keep']).optional(),
  credentials: credentialsSchema.optional(),
});

/** What the user has chosen for one machine on this host, over what its folder's settings say. */
export type MachineChoices = z.output<typeof choicesSchema>;

/** The choices; none if there is no file or it is damaged. */
export async function readChoices(file: string, log: Log): Promise<MachineChoices> {
  try {
    return choicesSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') {
      log.warn(`The choices in ${file} can't be read and are left out: ${messageOf(error)}`);
    }
    return {};
  }
}

/** Keeps the choice; `undefined` takes it back. */
export function chooseOnClose(file: string, onClose: OnClose | undefined, log: Log): Promise<void> {
  return choose(file, 'onClose', onClose, log);
}

/** What is lent to the machine, whatever its folder's settings were granted. */
export function chooseCredentials(
  file: string,
  credentials: MachineChoices['credentials'],
  log: Log,
): Promise<void> {
  return choose(file, 'credentials', credentials, log);
}

async function choose<Name extends 'onClose' | 'credentials'>(
  file: string,
  name: Name,
  value: MachineChoices[Name],
  log: Log,
): Promise<void> {
  const { [name]: _before, ...others } = await readChoices(file, log);
  const choices: MachineChoices = { ...others, ...(value !== undefined && { [name]: value }) };
  if (Object.keys(choices).length === 0) {
    await removeChoices(file);
  } else {
    await writeFileAtomic(file, `${JSON.stringify(choices, undefined, 2)}\n`);
  }
}

export async function removeChoices(file: string): Promise<void> {
  await rm(file, { force: true });
}

/** The machine with the user's choices put over what its labels say. */
export async function withChoices(info: MachineInfo, file: string, log: Log): Promise<MachineInfo> {
  const { onClose } = await readChoices(file, log);
  return onClose ? { ...info, onClose, onCloseChosen: true } : info;
}
