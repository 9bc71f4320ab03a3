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

  get sshConfig(): string {
    return join(this.root, 'ssh_config');
  }

  get cache(): string {
    return join(this.root, 'cache');
  }
}
