import { BulkheadError } from './errors';

/** Why git did not do it, for callers that branch on it. */
export type GitFailureCode =
  /** The image has no git. */
  | 'missing'
  | 'notRepository'
  /** git-config(1), `safe.directory`: the files belong to another account. */
  | 'unsafe'
  /** It doesn't know whose commit this would be. */
  | 'noIdentity'
  | 'nothingToCommit'
  /** Another git is at work in the same repository. */
  | 'locked'
  | 'failed';

/** A git command in the guest failed. */
export class GitFailure extends BulkheadError {
  constructor(
    readonly code: GitFailureCode,
    message: string,
    options: { next?: string; details?: string } = {},
  ) {
    super(message, options);
    this.name = 'GitFailure';
  }
}
