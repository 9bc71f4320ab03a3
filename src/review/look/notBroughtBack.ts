import { openRoot } from '../apply/openRoot';
import { hostStateAt } from '../host/hostPath';
import { sameAsHost } from './describeChanges';
import type { LookedAt, StoredReview } from './lookedAt';

/** What of a look this computer still lacks: some of it was brought back, perhaps, since then. */
export async function notBroughtBack(review: StoredReview): Promise<LookedAt[]> {
  const root = await openRoot(review);
  const left: LookedAt[] = [];
  try {
    for (const looked of review.looked) {
      const { path, from } = looked.change;
      const isOld = from !== undefined && (await hostStateAt(root, from)).type !== 'absent';
      if (isOld || !sameAsHost(looked.guest, await hostStateAt(root, path))) {
        left.push(looked);
      }
    }
  } finally {
    await root.close();
  }
  return left;
}
