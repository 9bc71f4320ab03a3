/** A line for a shell of this computer that reaches the machine. `config` is our ssh_config, `alias` is `[a-z0-9-]`. */
export function sshCommand(config: string, alias: string, platform: NodeJS.Platform): string {
  if (/^[\w@%+=:,./\\-]+$/.test(config)) {
    return `ssh -F ${config} ${alias}`;
  }
  // cmd.exe and PowerShell know double quotes alone; a Windows path can't hold one.
  const quoted = platform === 'win32' ? `"${config}"` : `'${config.replaceAll("'", `'\\''`)}'`;
  return `ssh -F ${quoted} ${alias}`;
}
