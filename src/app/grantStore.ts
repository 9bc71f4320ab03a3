import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { codeOf, messageOf } from '../core/errors';
import { writeFileAtomic } from '../core/files';
import type { Log } from '../core/log';
import type { WaitOptions } from '../machine/hypervisor';
import { ASK_KINDS, asksDigest, type Grant } from '../settings/asks';
import { isInside } from '../settings/workspacePath';
import { withMachineLock } from './machineLock';

/** As much as the settings can ask for fits in many times over. */
const MAX_BYTES = 1024 ** 2;

const askedSchema = z
  .array(z.strictObject({ kind: z.enum(ASK_KINDS), values: z.array(z.string().max(300)).max(2500) }))
  .max(ASK_KINDS.length);

const fileSchema = z.strictObject({
  version: z.literal(1),
  /** Real path of the folder. */
  folder: z.string(),
  digest: z.string(),
  asked: askedSchema,
  granted: askedSchema,
  answered: z.boolean(),
});

/** The user's answers, one file a folder, outside of every folder. `root` is the data directory. */
export class GrantStore {
  constructor(
    private readonly root: string,
    private readonly log: Log,
  ) {}

  /**
   * The answer for a folder (its real path). None if the file is damaged, is somebody else's or lies where the folder's own
   * content does: whatever wrote it, it was not the user.
   */
  async read(folder: string): Promise<Grant | undefined> {
    const file = this.file(folder);
    try {
      const text = await readPrivateFile(file);
      if (text === undefined) {
        return undefined;
      }
      const { version: _, folder: of, ...grant } = fileSchema.parse(JSON.parse(text));
      if (of !== folder || grant.digest !== asksDigest(folder, grant.asked)) {
        throw new Error('it is not about this folder and what it asks for');
      }
      if (isInside(folder, await realpath(file))) {
        throw new Error('it lies in the folder that it is about');
      }
      return grant;
    } catch (error) {
      this.log.warn(`The answer in ${file} is left out: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** Changes the answer by what it says at this moment, while nobody else does; undefined forgets it. */
  update(
    folder: string,
    change: (answer: Grant | undefined) => Grant | undefined | Promise<Grant | undefined>,
    options: WaitOptions = {},
  ): Promise<void> {
    return withMachineLock(this.file(folder), options, async () => {
      const answer = await change(await this.read(folder));
      await (answer === undefined ? this.remove(folder) : this.write(folder, answer));
    });
  }

  private async write(folder: string, grant: Grant): Promise<void> {
    const { digest, asked, granted, answered } = grant;
    const content = { version: 1, folder, digest, asked, granted, answered };
    await writeFileAtomic(this.file(folder), `${JSON.stringify(content, undefined, 2)}\n`);
  }

  private async remove(folder: string): Promise<void> {
    await rm(this.file(folder), { force: true });
  }

  private file(folder: string): string {
    const name = createHash('sha256').update(folder).digest('hex');
    return join(this.root, 'grants', `${name}.json`);
  }
}

/** A regular file that only this user can write; undefined if there is none. Any other file throws. */
async function readPrivateFile(path: string): Promise<string | undefined> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
  try {
    const found = await file.stat();
    const self = process.getuid?.();
    if (!found.isFile() || found.size > MAX_BYTES) {
      throw new Error('it is no small regular file');
    }
    if (self !== undefined && (found.uid !== self || (found.mode & 0o022) !== 0)) {
      throw new Error('others can write it');
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
