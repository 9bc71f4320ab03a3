import { BulkheadError } from '../../core/errors';
import type { HostFolder } from '../../guest/copy/hostFolder';
import { GIT_ENV, gitArgv } from '../../guest/git/gitProcess';
import type { Guest } from '../../guest/guest';
import { readGuestFiles } from '../../guest/tree/readGuestFiles';
import type { WaitOptions } from '../../machine/hypervisor';
import { atHostPath, readHostFile } from '../host/hostPath';
import { type ContentStore, sha256Of } from '../look/contentStore';
import { FILE_MAX } from '../look/guestChanges';
import type { LookedAt } from '../look/lookedAt';
import type { ReviewedMachine } from '../reviewContext';

/** One side that is shown, bytes. */
export const SIDE_MAX = 5 * 1024 * 1024;

/** The guest's file as it was looked at: kept here, or fetched now and found to be the same. Undefined if it is not any more. */
export async function guestContent(
  guest: () => Promise<Guest>,
  machine: ReviewedMachine,
  { change, guest: seen }: LookedAt,
  store: ContentStore,
  options: WaitOptions,
): Promise<Buffer | undefined> {
  if (seen.type !== 'file' || seen.sha256 === undefined) {
    return undefined;
  }
  const held = await store.get(seen.sha256);
  if (held) {
    return held;
  }
  let fetched: Buffer | undefined;
  const wanted = { ...options, maxBytes: FILE_MAX };
  await readGuestFiles(
    await guest(),
    machine.workspaceFolder,
    [change.path],
    wanted,
    async (_path, bytes) => {
      fetched = bytes;
    },
  );
  if (!fetched || sha256Of(fetched) !== seen.sha256) {
    return undefined;
  }
  await store.put(fetched);
  return fetched;
}

/** This computer's file now; undefined if it is none or too large. */
export function hostContent(root: HostFolder, path: string, maxBytes: number): Promise<Buffer | undefined> {
  return atHostPath<Buffer | undefined>(
    root,
    path,
    async (holder, name) => holder && readHostFile(holder, name, maxBytes),
    undefined,
  );
}

/**
 * What was copied into the machine, if the guest's git still has it: its last commit or its index. The guest's word is taken
 * only if the bytes are what the copy's SHA-256 says.
 */
export async function baseContent(
  guest: () => Promise<Guest>,
  machine: ReviewedMachine,
  { change, base }: LookedAt,
  options: WaitOptions,
): Promise<Buffer | undefined> {
  if (base?.type !== 'file' || base.size > SIDE_MAX) {
    return undefined;
  }
  const wanted = base.sha256;
  for (const version of ['HEAD', '', 'ORIG_HEAD', 'HEAD~1', 'HEAD~2', 'HEAD~3']) {
    const output = await (await guest()).run(
      {
        argv: gitArgv(machine.workspaceFolder, [
          'cat-file',
          'blob',
          `${version}:./${change.from ?? change.path}`,
        ]),
      },
      { ...options, user: machine.user, cwd: '/', env: GIT_ENV, maxBytes: SIDE_MAX, deadlineMs: 30_000 },
    );
    if (output.code === 0 && sha256Of(output.stdout) === wanted) {
      return output.stdout;
    }
    if (output.code === 127) {
      return undefined;
    }
  }
  return undefined;
}

export function assertShowable(content: Buffer | undefined): Buffer | undefined {
  if (content && content.length > SIDE_MAX) {
    throw new BulkheadError(`The file is larger than ${SIDE_MAX / 1024 / 1024} MB: too large to show`, {
      next: 'Apply it as a whole, or copy it with `bulkhead cp`.',
    });
  }
  return content;
}
