import { rm } from 'node:fs/promises';
import { BulkheadError } from '../core/errors';
import type { Guest } from '../guest/guest';
import { guestMarks, WORKSPACE_MARK } from '../guest/guestMarks';
import type { WaitOptions } from '../machine/hypervisor';
import type { ReviewContext, ReviewedMachine } from '../review/reviewContext';
import type { DataFolder } from './dataFolder';
import { withMachineLock } from './machineLock';
import { readRecord } from './machineRecord';
import type { Services } from './services';

/** What the review gate needs of the house. */
export function reviewContext(services: Services): ReviewContext {
  const { data, log } = services;
  return {
    log,
    machine: (id, options) => reviewedMachine(services, id, options),
    guest: (id, options) => copiedGuest(services, id, options),
    locked: (id, options, work) => withMachineLock(data.reviewLock(id), options, work),
    paths: {
      baseline: (id) => data.baseline(id),
      guestIndex: (id) => data.guestIndex(id),
      reviews: (id) => data.reviews(id),
      backups: data.backups,
    },
  };
}

async function reviewedMachine(
  services: Services,
  id: string,
  options: WaitOptions,
): Promise<ReviewedMachine> {
  const info = await (await services.machine(id, options)).info(options);
  const record = await readRecord(services.data.record(id), services.log);
  const { folder, workspaceFolder, user } = info;
  return { id, folder, workspaceFolder, exclude: record?.exclude ?? [], user: record?.user ?? user };
}

async function copiedGuest(services: Services, id: string, options: WaitOptions): Promise<Guest> {
  const { state, workspaceMode } = await (await services.machine(id, options)).info(options);
  if (workspaceMode === 'mount') {
    throw new BulkheadError(
      `The machine ${id} has the folder itself, not a copy: there is nothing to bring back`,
      {
        kind: 'usage',
        next: `Look at the folder on this computer. A copy from before comes back with \`bulkhead up --copy\` after \`bulkhead stop ${id}\`.`,
      },
    );
  }
  if (state !== 'running') {
    throw new BulkheadError(`The machine ${id} is ${state}, so its changes can’t be looked at`, {
      kind: 'usage',
      next: `Start it first: \`bulkhead start ${id}\`.`,
    });
  }
  const guest = await services.guest(id, options);
  if (!(await guestMarks(guest).has(WORKSPACE_MARK, options))) {
    throw new BulkheadError(`The folder has not been copied into the machine ${id} yet`, {
      kind: 'usage',
      next: 'Open the folder first: `bulkhead up <folder>`.',
    });
  }
  return guest;
}

/** Of a machine that is removed. What can be undone of what was brought back from it stays. */
export async function forgetReviews(data: DataFolder, id: string): Promise<void> {
  for (const path of [data.baseline(id), data.guestIndex(id), data.reviews(id)]) {
    await rm(path, { recursive: true, force: true });
  }
}
