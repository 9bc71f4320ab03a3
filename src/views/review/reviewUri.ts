import { posix } from 'node:path';
import * as vscode from 'vscode';
import type { ReviewChange } from '../../review/reviewService';
import { opensElsewhere } from './foreignEditors';
import { visibleText } from './visibleText';

/** Scheme of what the diffs of a review show: `bulkhead-review:/<side>/<path>?<token and path>`. */
export const REVIEW_SCHEME = 'bulkhead-review';

const SIDES = ['host', 'guest', 'base', 'merged'] as const;
/** `merged` is the one that can be written: what the user makes of a conflict. */
export type ReviewSide = (typeof SIDES)[number];

export interface ReviewAddress {
  token: string;
  path: string;
  side: ReviewSide;
}

/**
 * The document of one side. Its path gives the editor the file's name and language; what another editor than the one for text
 * might take for its own (an image, a sound, a notebook) ends in `.txt`.
 */
export function reviewUri(token: string, change: ReviewChange, side: ReviewSide): vscode.Uri {
  const { path, type, kind, binary } = change;
  const isText = type === 'file' && kind !== 'mode' && !binary && !opensElsewhere(posix.basename(path));
  const names = path.split('/').map((name) => visibleText(name, 100));
  return vscode.Uri.from({
    scheme: REVIEW_SCHEME,
    path: posix.join('/', side, ...names) + (isText ? '' : '.txt'),
    query: JSON.stringify({ token, path, side }),
  });
}

/** Undefined for a URI that `reviewUri` did not make. */
export function readReviewUri(uri: Pick<vscode.Uri, 'scheme' | 'query'>): ReviewAddress | undefined {
  let query: unknown;
  try {
    query = JSON.parse(uri.query);
  } catch {
    return undefined;
  }
  const { token, path, side } = (query ?? {}) as Record<string, unknown>;
  const known = SIDES.find((each) => each === side);
  return uri.scheme === REVIEW_SCHEME &&
    typeof token === 'string' &&
    typeof path === 'string' &&
    known !== undefined
    ? { token, path, side: known }
    : undefined;
}
