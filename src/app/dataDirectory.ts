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
