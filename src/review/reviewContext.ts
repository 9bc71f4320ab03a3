import type { Log } from '../core/log';
import type { Guest } from '../guest/guest';
import type { WaitOptions } from '../machine/hypervisor';

/** A machine as a review needs it. */
export interface ReviewedMachine {
  id: string;
  /** Host folder that it was made from, absolute. */
  folder: string;
  /** Where the copy of it lies in the guest. */
  workspaceFolder: string;
  /** What the copy left out (`workspace.exclude`). */
  exclude: string[];
  /** The account that owns the workspace in the guest. */
  user: string;
}

/** What the review gate is given by the house around it. */
export interface ReviewContext {
  log: Log;
  /** @throws BulkheadError of kind `usage` if there is no such machine */
  machine(id: string, options: WaitOptions): Promise<ReviewedMachine>;
  /** The guest of a running machine whose workspace was copied. @throws BulkheadError of kind `usage` otherwise */
  guest(id: string, options: WaitOptions): Promise<Guest>;
  /** One review, apply or undo of a machine at a time on this host, whatever process. `lost` aborts if somebody else got in. */
  locked<T>(id: string, options: WaitOptions, work: (lost: AbortSignal) => Promise<T>): Promise<T>;
  /** Where things lie in the data folder. */
  paths: {
    baseline(id: string): string;
    guestIndex(id: string): string;
    /** A folder. */
    reviews(id: string): string;
    /** A folder with one for each apply, of all machines. */
    backups: string;
  };
}
