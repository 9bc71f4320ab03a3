/** Commands about what comes back from a machine; part of `COMMAND_IDS`. */
export const REVIEW_COMMAND_IDS = {
  bringChangesBack: 'bulkhead.bringChangesBack',
  undoBringingBack: 'bulkhead.undoBringingBack',
  reviewApply: 'bulkhead.review.apply',
  reviewRefresh: 'bulkhead.review.refresh',
  reviewTick: 'bulkhead.review.tick',
  reviewTickOrdinary: 'bulkhead.review.tickOrdinary',
  reviewUntickOrdinary: 'bulkhead.review.untickOrdinary',
  reviewShowChange: 'bulkhead.review.showChange',
  reviewResolve: 'bulkhead.review.resolve',
  reviewFetchCommits: 'bulkhead.review.fetchCommits',
  reviewShowMore: 'bulkhead.review.showMore',
  reviewClose: 'bulkhead.review.close',
} as const;

export type ReviewCommandId = (typeof REVIEW_COMMAND_IDS)[keyof typeof REVIEW_COMMAND_IDS];
