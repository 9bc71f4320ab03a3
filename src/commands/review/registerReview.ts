import * as vscode from 'vscode';
import { showError } from '../../views/errorNotification';
import { ReviewFiles } from '../../views/review/reviewFiles';
import { reviewNodeOf } from '../../views/review/reviewNodes';
import { ReviewTree } from '../../views/review/reviewTree';
import { visibleText } from '../../views/review/visibleText';
import type { CommandContext } from '../commandContext';
import { applyChanges } from './applyChanges';
import { bringChangesBack } from './bringChangesBack';
import { fetchCommits } from './fetchCommits';
import { closeReview, lookAtChanges } from './lookAtChanges';
import { resolveConflict } from './resolveConflict';
import { REVIEW_COMMAND_IDS, type ReviewCommandId } from './reviewCommandIds';
import type { ReviewContext } from './reviewContext';
import { showChange } from './showChange';
import { undoBringingBack } from './undoBringingBack';

/** How long the status bar says what became of a merge (ms). */
const SAID_MS = 8000;

type Command = (context: ReviewContext, ...args: unknown[]) => Promise<void>;

const COMMANDS: Record<ReviewCommandId, Command> = {
  [REVIEW_COMMAND_IDS.bringChangesBack]: bringChangesBack,
  [REVIEW_COMMAND_IDS.undoBringingBack]: undoBringingBack,
  [REVIEW_COMMAND_IDS.reviewApply]: applyChanges,
  [REVIEW_COMMAND_IDS.reviewRefresh]: async (context) => {
    const { current } = context.review;
    if (current) {
      await lookAtChanges(context, current.machine);
    }
  },
  [REVIEW_COMMAND_IDS.reviewTick]: async ({ review }) => review.tickSelected(),
  [REVIEW_COMMAND_IDS.reviewTickOrdinary]: async ({ review }) => tickOrdinary(review, true),
  [REVIEW_COMMAND_IDS.reviewUntickOrdinary]: async ({ review }) => tickOrdinary(review, false),
  [REVIEW_COMMAND_IDS.reviewShowChange]: showChange,
  [REVIEW_COMMAND_IDS.reviewResolve]: resolveConflict,
  [REVIEW_COMMAND_IDS.reviewFetchCommits]: fetchCommits,
  [REVIEW_COMMAND_IDS.reviewShowMore]: async ({ review }, ...args) => {
    const node = reviewNodeOf(args);
    if (node?.kind === 'more') {
      review.showMore(node.group);
    }
  },
  [REVIEW_COMMAND_IDS.reviewClose]: closeReview,
};

function tickOrdinary(review: ReviewTree, wanted: boolean): void {
  review.current?.model.tickOrdinary(wanted);
  review.refresh();
}

/** What the user saved is what comes back, unless it still has conflicts in it. */
function takeMerge(
  review: ReviewTree,
  { path, bytes, isMerged }: { path: string; bytes: Buffer; isMerged: boolean },
): void {
  const { l10n } = vscode;
  review.current?.model.resolve(path, isMerged ? { merged: bytes } : undefined);
  review.refresh();
  const text = isMerged
    ? l10n.t('{0}: your merge is brought back with "Apply".', visibleText(path, 80))
    : l10n.t('{0} still has conflicts in it, so it is not brought back.', visibleText(path, 80));
  vscode.window.setStatusBarMessage(text, SAID_MS);
}

/** The Review view, the documents of its diffs, and its commands; whatever one of them throws is shown, never lost. */
export function registerReview(context: CommandContext): vscode.Disposable {
  const { app, log, channel } = context;
  const rows = {
    apply: REVIEW_COMMAND_IDS.reviewApply,
    showChange: REVIEW_COMMAND_IDS.reviewShowChange,
    resolve: REVIEW_COMMAND_IDS.reviewResolve,
    showMore: REVIEW_COMMAND_IDS.reviewShowMore,
  };
  const review = new ReviewTree(app, rows, log);
  const reviewFiles = new ReviewFiles(app);
  const own: ReviewContext = { ...context, review, reviewFiles };
  const merging = reviewFiles.onDidSaveMerge((merge) => takeMerge(review, merge));
  const commands = Object.entries(COMMANDS).map(([id, command]) =>
    vscode.commands.registerCommand(id, async (...args: unknown[]) => {
      try {
        await command(own, ...args);
      } catch (error) {
        await showError(error, log, channel);
      }
    }),
  );
  return vscode.Disposable.from(review, reviewFiles, merging, ...commands);
}
