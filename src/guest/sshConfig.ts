import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import lockfile from 'proper-lockfile';
import { BulkheadError } from '../core/errors';
import { readTextIfThere, writeFileAtomic } from '../core/files';
import { type GuestIdentity, sshAlias } from './identity';

export interface SshHost {
  machineId: string;
  identity: Pick<GuestIdentity, 'clientKeyFile' | 'knownHostsFile'>;
  /** Command whose standard input and output are the connection, as an argv. */
  proxyCommand: readonly string[];
  /** Default: this host's. Decides how `proxyCommand` is quoted. */
  platform?: NodeJS.Platform;
}

/** A `Host` block for OpenSSH's client (ssh_config(5)). */
export function sshHostBlock(host: SshHost): string {
  const platform = host.platform ?? process.platform;
  const alias = sshAlias(checkId(host.machineId));
  const proxy = host.proxyCommand.map((argument) => quoteProxyArgument(argument, platform)).join(' ');
  return [
    `Host ${alias}`,
    `  HostName ${alias}`,
    '  User root',
    `  IdentityFile ${quotePath(host.identity.clientKeyFile, platform)}`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile ${quotePath(host.identity.knownHostsFile, platform)}`,
    `  HostKeyAlias ${alias}`,
    '  StrictHostKeyChecking yes',
    '  ForwardAgent no',
    '  ForwardX11 no',
    '  ConnectTimeout 60',
    `  ProxyCommand ${proxy}`,
    '',
  ].join('\n');
}

/** Puts the machine's block into our own config file (0600), or replaces the one that is there. */
export async function writeSshHost(configFile: string, host: SshHost): Promise<void> {
  const block = sshHostBlock(host);
  await edit(configFile, (blocks) => blocks.set(host.machineId, block));
}

/** Takes the machine's block out; a file or block that isn't there is no error. */
export async function removeSshHost(configFile: string, machineId: string): Promise<void> {
  await edit(configFile, (blocks) => blocks.delete(machineId));
}

/** The line that makes the user's own `ssh` know our hosts; for the top of `~/.ssh/config`. */
export function includeLine(configFile: string, platform: NodeJS.Platform = process.platform): string {
  return `Include ${quotePath(configFile, platform)}`;
}

const HEADER = '# Written by Bulkhead: one block a machine. Changes are overwritten.\n';
const BLOCK = /^# bulkhead:begin ([a-z0-9-]+)\n([\s\S]*?)^# bulkhead:end \1\n/gm;

async function edit(configFile: string, change: (blocks: Map<string, string>) => void): Promise<void> {
  await mkdir(dirname(configFile), { recursive: true, mode: 0o700 });
  // Two `up`s of different machines write the same file.
  const unlock = await lockfile.lock(configFile, {
    realpath: false,
    stale: 10_000,
    retries: { retries: 40, minTimeout: 25, maxTimeout: 250, randomize: true },
  });
  try {
    const before = await readTextIfThere(configFile);
    const blocks = new Map([...before.matchAll(BLOCK)].map((match) => [match[1] ?? '', match[2] ?? '']));
    change(blocks);
    const text =
      HEADER +
      [...blocks].map(([id, body]) => `# bulkhead:begin ${id}\n${body}# bulkhead:end ${id}\n`).join('');
    if (text !== before) {
      await writeFileAtomic(configFile, text);
    }
  } finally {
    await unlock();
  }
}

/**
 * One argument of a ProxyCommand. ssh checks that the line's quotes are balanced by rules of its own (in
 * `argv_split` a backslash escapes a quote even inside single quotes), expands `%` tokens and hands the text
 * to the user's shell (POSIX) or, on Windows, to CreateProcess.
 */
export function quoteProxyArgument(argument: string, platform: NodeJS.Platform = process.platform): string {
  checkLine(argument);
  const percent = argument.replaceAll('%', '%%');
  if (platform !== 'win32') {
    // Quotes and backslashes stand outside of the quotes: both readers agree there.
    return /^[A-Za-z0-9_/.:=@%+,-]+$/.test(argument)
      ? percent
      : percent.replace(/[^'\\]+|['\\]/g, (run) => (run === "'" || run === '\\' ? `\\${run}` : `'${run}'`));
  }
  if (/^[A-Za-z0-9_/\\.:=@%+,-]+$/.test(argument)) {
    return percent;
  }
  // CommandLineToArgvW: backslashes are doubled only before a quote.
  return `"${percent.replace(/(\\*)("|$)/g, (_, slashes: string, quote: string) =>
    quote === '"' ? `${slashes}${slashes}\\"` : `${slashes}${slashes}`,
  )}"`;
}

/** A path in a config line: double quotes, with `%` and `\` escaped. */
function quotePath(path: string, platform: NodeJS.Platform): string {
  checkLine(path);
  if (path.includes('${')) {
    throw new BulkheadError(`ssh_config can't hold this path: ${path}`, {
      kind: 'usage',
      next: 'Choose a data directory without "${" in its path.',
    });
  }
  const slashes = platform === 'win32' ? path.replaceAll('\\', '/') : path.replace(/[\\"]/g, '\\$&');
  return `"${slashes.replaceAll('%', '%%')}"`;
}

function checkLine(text: string): void {
  if (text === '' || /[\0\r\n]/.test(text)) {
    throw new BulkheadError(`ssh_config can't hold ${JSON.stringify(text)}.`, { kind: 'usage' });
  }
}

function checkId(id: string): string {
  if (!/^[a-z0-9-]{1,63}$/.test(id)) {
    throw new BulkheadError(`Not a machine id: ${JSON.stringify(id)}`, { kind: 'usage' });
  }
  return id;
}
