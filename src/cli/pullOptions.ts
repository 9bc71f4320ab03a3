import { BulkheadError } from '../core/errors';
import type { CommonOptions } from './session';

/** What `bulkhead pull` is told. */
export interface PullOptions extends CommonOptions {
  diff?: true;
  apply?: true;
  look?: string;
  all?: true;
  path?: string[];
  danger?: string[];
  takeGuest?: string[];
  dropUndo?: true;
  commits?: true;
  undo?: string | true;
}

export function usage(message: string, next: string): BulkheadError {
  return new BulkheadError(message, { kind: 'usage', next });
}
