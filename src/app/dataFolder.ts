import { homedir } from 'node:os';
import { join } from 'node:path';

/** The user's data folder of Bulkhead: keys, records, caches, logs. Follows each platform's convention. */
export function defaultDataDirectory(
  platform: NodeJS.Platform = process.platform,
  env: Readonly<Record<string, string | undefined>> = process.env,
  home: string = homedir(),
): string {
  if (platform === 'win32') {
    return join(env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'bulkhead');
  }
  if (platform === 'darwin') {
    return join(home, 'Library', 'Application Support', 'bulkhead');
  }
  return join(env['XDG_DATA_HOME'] || join(home, '.local', 'share'), 'bulkhead');
}

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
