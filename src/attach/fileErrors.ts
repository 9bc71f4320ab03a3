import * as vscode from 'vscode';
import { BulkheadError, codeOf, messageOf } from '../core/errors';
import { forMessage } from '../core/plainText';
import type { FileErrorCode } from '../guest/guestFiles';

const BY_CODE: Record<FileErrorCode, (message: string) => vscode.FileSystemError> = {
  ENOENT: vscode.FileSystemError.FileNotFound,
  EACCES: vscode.FileSystemError.NoPermissions,
  EEXIST: vscode.FileSystemError.FileExists,
  ENOTDIR: vscode.FileSystemError.FileNotADirectory,
  EISDIR: vscode.FileSystemError.FileIsADirectory,
  // The API has no name for these two; the message says it.
  ENOTEMPTY: (message) => new vscode.FileSystemError(message),
  EFBIG: (message) => new vscode.FileSystemError(message),
  EIO: vscode.FileSystemError.Unavailable,
};

/**
 * The editor's error for a failed file operation. What isn't a file's own error (a lost connection, a stopped
 * machine, a deadline) is `Unavailable`, so that the editor never takes a file for deleted because of it.
 */
export function toFileSystemError(error: unknown): vscode.FileSystemError {
  if (error instanceof vscode.FileSystemError) {
    return error;
  }
  const next = error instanceof BulkheadError && error.next ? ` ${error.next}` : '';
  const text = messageOf(error);
  const message = forMessage(next && !/[.!?]$/.test(text) ? `${text}.${next}` : `${text}${next}`, 1000);
  const code = codeOf(error);
  const make = code !== undefined && code in BY_CODE ? BY_CODE[code as FileErrorCode] : undefined;
  return (make ?? vscode.FileSystemError.Unavailable)(message);
}
