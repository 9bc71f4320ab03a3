import { join } from 'node:path';
import { choicesFile, choicesFolder } from './chosenOnClose';

/** Where things lie in the data folder. */
export class DataFolder {
  constructor(readonly root: string) {}

  /** Holds the machine's keys and nothing else. */
  identity(id: string): string {
    return join(this.root, 'machines', id);
  }

  record(id: string): string {
    return join(this.root, 'records', `${id}.json`);
  }

  /** What the user chose for this machine alone. */
  choices(id: string): string {
    return choicesFile(this.root, id);
  }

  get choicesFolder(): string {
    return choicesFolder(this.root);
  }

  log(id: string): string {
    return join(this.root, 'logs', `${id}.log`);
  }

  lock(id: string): string {
    return join(this.root, 'locks', id);
  }

  /** What was copied into the machine: path, type, mode, size, SHA-256. */
  baseline(id: string): string {
    return join(this.root, 'baselines', `${id}.ndjson`);
  }

  /** SHA-256 of the guest's files by their times, so that a second look reads only what changed. */
  guestIndex(id: string): string {
    return join(this.root, 'baselines', `${id}.index`);
  }

  /** The last looks at the machine's changes, with the contents that were looked at. */
  reviews(id: string): string {
    return join(this.root, 'reviews', id);
  }

  /** What was replaced when changes were brought back, of all machines. */
  get backups(): string {
    return join(this.root, 'backups');
  }

  reviewLock(id: string): string {
    return join(this.root, 'locks', `review-${id}`);
  }

  /** Held for as long as reading and writing the record takes. */
  recordLock(id: string): string {
    return join(this.root, 'locks', `${id}.record`);
  }

  /** What holds it changes what the machine may reach. */
  networkLock(id: string): string {
    return join(this.root, 'locks', `${id}.network`);
  }

  get sshConfig(): string {
    return join(this.root, 'ssh_config');
  }

  get cache(): string {
    return join(this.root, 'cache');
  }
}
