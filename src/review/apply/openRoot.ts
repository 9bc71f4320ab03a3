import { stat } from 'node:fs/promises';
import { BulkheadError } from '../../core/errors';
import { HostFolder } from '../../guest/copy/hostFolder';
import type { StoredReview } from '../look/lookedAt';

/** The folder that was looked at, and no other that has its name now. */
export async function openRoot(seen: Pick<StoredReview, 'folder' | 'root'>): Promise<HostFolder> {
  const root = await HostFolder.open(seen.folder);
  const { dev, ino } = await stat(root.path);
  if (root.path !== seen.root.path || dev !== seen.root.dev || ino !== seen.root.ino) {
    await root.close();
    throw new BulkheadError('The folder on this computer is not the one that was looked at', {
      next: 'See what happened to it, then look at the changes again.',
    });
  }
  return root;
}
