import type { ReviewFiles } from '../../views/review/reviewFiles';
import type { ReviewTree } from '../../views/review/reviewTree';
import type { CommandContext } from '../commandContext';

/** What the commands of a review work with. */
export interface ReviewContext extends CommandContext {
  readonly review: ReviewTree;
  readonly reviewFiles: ReviewFiles;
}
