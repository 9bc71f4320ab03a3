/** The file in the workspace's root that says what the machine should be. */
export const BULKHEAD_FILE = '.bulkhead.json';

export type SettingsFileKind = 'bulkhead' | 'devcontainer';

/** Which kind of settings file a path (with `/` or `\`) is, by its name. */
export function settingsFileKind(path: string): SettingsFileKind | undefined {
  const name = path.split(/[\\/]/).at(-1);
  if (name === BULKHEAD_FILE) {
    return 'bulkhead';
  }
  return name === 'devcontainer.json' || name === '.devcontainer.json' ? 'devcontainer' : undefined;
}
