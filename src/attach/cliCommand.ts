/**
 * The command that runs the CLI's bundle with this process's own executable: what ssh_config's ProxyCommand gets.
 * On a desktop that executable is Electron, which is a Node only with `ELECTRON_RUN_AS_NODE`.
 */
export function cliCommand(
  cli: string,
  runtime: { execPath: string; electron: boolean; platform: NodeJS.Platform } = {
    execPath: process.execPath,
    electron: process.versions['electron'] !== undefined,
    platform: process.platform,
  },
): string[] {
  if (!runtime.electron) {
    return [runtime.execPath, cli];
  }
  return runtime.platform === 'win32'
    ? ['cmd.exe', '/d', '/c', 'set', 'ELECTRON_RUN_AS_NODE=1&&', runtime.execPath, cli]
    : ['/usr/bin/env', 'ELECTRON_RUN_AS_NODE=1', runtime.execPath, cli];
}
