import * as vscode from 'vscode';
import { forLabel } from '../../core/plainText';
import type { Review } from '../../review/reviewService';
import { lateProgress } from '../../views/lateProgress';
import { ReviewModel } from '../../views/review/reviewModel';
import type { ReviewedMachine } from '../../views/review/reviewTree';
import { REVIEW_SCHEME, readReviewUri } from '../../views/review/reviewUri';
import { attempt } from '../commandContext';
import type { ReviewContext } from './reviewContext';

/** Looks at a running machine and shows what differs. Undefined if that was cancelled or given up. */
export async function lookAtChanges(
  context: ReviewContext,
  machine: ReviewedMachine,
): Promise<Review | undefined> {
  const title = vscode.l10n.t('Looking at what changed in {0}', forLabel(machine.name));
  const done = await attempt(
    context,
    title,
    (signal, onProgress) => context.app.review(machine.id, { signal, onProgress }),
    lateProgress,
  );
  if (!done) {
    return undefined;
  }
  const { current } = context.review;
  const before = current?.machine.id === machine.id ? current.model : undefined;
  await showReview(context, new ReviewModel(done.value, before), machine);
  return done.value;
}

async function showReview(
  context: ReviewContext,
  model: ReviewModel,
  machine: ReviewedMachine,
): Promise<void> {
  const { changes, commits } = model.review;
  if (changes.length === 0 && commits.length === 0) {
    await closeReview(context);
    return;
  }
  context.reviewFiles.follow(model);
  await context.review.show(model, machine);
  await closeTabs(({ token }) => token !== model.review.token);
}

/** Ends the review: its view and its diffs go. Nothing is lost but ticks. */
export async function closeReview(context: ReviewContext): Promise<void> {
  context.reviewFiles.follow(undefined);
  await context.review.close();
  await closeTabs(() => true);
}

/** Closes the diffs that show another look than the one that counts. A merge that is not saved asks, as any editor does. */
async function closeTabs(isOver: (address: { token: string }) => boolean): Promise<void> {
  const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
  const over = tabs.filter(({ input }) => {
    const uri =
      input instanceof vscode.TabInputTextDiff
        ? input.modified
        : input instanceof vscode.TabInputText
          ? input.uri
          : undefined;
    const address = uri?.scheme === REVIEW_SCHEME ? readReviewUri(uri) : undefined;
    return address !== undefined && isOver(address);
  });
  if (over.length > 0) {
    await vscode.window.tabGroups.close(over);
  }
}
