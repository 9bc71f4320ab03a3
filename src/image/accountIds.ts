import type { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { withDeadline } from '../core/deadline';
import { throwIfCancelled } from '../core/errors';
import type { Engine } from './engine';
import { engineFailure, statusOf } from './engineFailure';
import { workerName } from './workerName';

export interface AccountIds {
  uid: number;
  gid: number;
}

/** Linux: the last number is "no user". */
const ID_MAX = 2 ** 32 - 2;
const PASSWD_MAX = 2 ** 20;
const READ_MS = 30_000;

/**
 * The numbers of an image's account, given as Docker's `USER` (`name`, `uid`, `name:group`, `uid:gid`), without running anything
 * of the image. The group is the account's own, unless a number is given. Undefined if the image doesn't tell.
 */
export async function accountIds(
  engine: Engine,
  imageId: string,
  user: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<AccountIds | undefined> {
  const [name = '', group] = user.split(':');
  if (name === '' || name === 'root' || name === '0') {
    return { uid: 0, gid: idOf(group) ?? 0 };
  }
  const uid = idOf(name);
  const asked = idOf(group);
  if (uid !== undefined && asked !== undefined) {
    return { uid, gid: asked };
  }
  const found = accountIn(await readPasswd(engine, imageId, options.signal), name);
  if (found) {
    return { ...found, ...(asked !== undefined && { gid: asked }) };
  }
  // Docker's rule for a number that no line names: the group is root's.
  return uid === undefined ? undefined : { uid, gid: asked ?? 0 };
}

/** Looks a name or a number up in the text of a passwd(5) file. */
export function accountIn(passwd: string, account: string): AccountIds | undefined {
  for (const line of passwd.split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name === account || uid === account) {
      const ids = { uid: idOf(uid), gid: idOf(gid) };
      return ids.uid === undefined || ids.gid === undefined ? undefined : { uid: ids.uid, gid: ids.gid };
    }
  }
  return undefined;
}

function idOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= ID_MAX ? Number(text) : undefined;
}

/** The image's `/etc/passwd`, from a container that is never started; '' if it is missing, no plain file or too large. */
async function readPasswd(engine: Engine, imageId: string, signal: AbortSignal | undefined): Promise<string> {
  const what = 'The image’s accounts can’t be read';
  return withDeadline({ what, ms: READ_MS, signal }, async (stop) => {
    try {
      const container = await engine.docker.createContainer({
        name: workerName('passwd'),
        Image: imageId,
        Entrypoint: ['/never-started'],
        Labels: { 'bulkhead.worker': 'passwd' },
        HostConfig: { NetworkMode: 'none' },
      });
      try {
        const archive = (await container.getArchive({ path: '/etc/passwd' })) as unknown as Readable;
        stop.addEventListener('abort', () => archive.destroy(), { once: true });
        return await firstFile(archive);
      } finally {
        await container.remove({ force: true, v: true });
      }
    } catch (error) {
      throwIfCancelled(error);
      if (statusOf(error) === 404) {
        return '';
      }
      throw engineFailure(what, error);
    }
  });
}

async function firstFile(archive: Readable): Promise<string> {
  const parser = extract();
  archive.on('error', (error) => parser.destroy(error));
  archive.pipe(parser);
  try {
    for await (const entry of parser) {
      const { type, size = 0 } = entry.header;
      if (type !== 'file' || size > PASSWD_MAX) {
        return '';
      }
      const chunks: Buffer[] = [];
      for await (const chunk of entry) {
        chunks.push(chunk as Buffer);
      }
      return Buffer.concat(chunks).toString();
    }
    return '';
  } finally {
    archive.destroy();
  }
}
