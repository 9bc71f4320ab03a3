import { BulkheadError } from '../core/errors';
import { printable } from '../core/log';
import type { FileErrorCode } from './guestFiles';

const SENTENCES: Record<FileErrorCode, string> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EEXIST: 'it already exists',
  ENOTDIR: 'not a folder',
  EISDIR: 'it is a folder',
  ENOTEMPTY: 'the folder is not empty',
  EFBIG: 'too large',
  EIO: 'the guest reported a failure',
};

/** A file operation in the guest failed; `code` is for callers that branch on it. */
export class FileError extends BulkheadError {
  readonly code: FileErrorCode;
  readonly path: string;

  constructor(code: FileErrorCode, what: string, path: string, why?: string, cause?: unknown) {
    super(
      `Failed to ${what} ${printable(path, 1000)} in the VM: ${printable(why ?? SENTENCES[code], 1000)}`,
      {
        cause,
      },
    );
    this.name = 'FileError';
    this.code = code;
    this.path = path;
  }
}

export function isFileError(error: unknown, ...codes: FileErrorCode[]): error is FileError {
  return error instanceof FileError && (codes.length === 0 || codes.includes(error.code));
}

/**
 * SFTP version 3 status codes (draft-ietf-secsh-filexfer-02, section 7) as OpenSSH's sftp-server uses them:
 * ENOENT, ENOTDIR and ELOOP all arrive as 2; what has no code of its own arrives as 4.
 */
export function fileErrorFromStatus(status: unknown, what: string, path: string, cause: unknown): FileError {
  switch (status) {
    case 2:
      return new FileError('ENOENT', what, path, undefined, cause);
    case 3:
      return new FileError('EACCES', what, path, undefined, cause);
    default:
      return new FileError('EIO', what, path, cause instanceof Error ? cause.message : undefined, cause);
  }
}
