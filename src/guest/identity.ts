import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BulkheadError, codeOf, messageOf } from '../core/errors';
import { writeFileAtomic } from '../core/files';
import {
  type Ed25519Key,
  generateEd25519,
  knownHostsLine,
  parsePrivateKeyText,
  privateKeyText,
  publicKeyBlob,
  publicKeyLine,
} from './keys';

/** A machine's keys: ours as a client, and the guest's host key, which is made here so that it is pinned. */
export interface GuestIdentity {
  /** OpenSSH private key text of the client. */
  clientKey: string;
  /** One line of `authorized_keys` (`GuestConfig.authorizedKey`). */
  authorizedKey: string;
  /** OpenSSH private key text of the guest's sshd (`GuestConfig.hostKey`). */
  hostKey: string;
  /** What the guest must show (RFC 8709 blob), compared byte for byte. */
  hostKeyBlob: Buffer;
  /** Absolute paths for OpenSSH's own client. */
  clientKeyFile: string;
  knownHostsFile: string;
}

const CLIENT_KEY = 'id_ed25519';
const HOST_KEY = 'host_ed25519';
const KNOWN_HOSTS = 'known_hosts';

/** The SSH alias of a machine, as in `ssh bulkhead-<id>`. */
export function sshAlias(machineId: string): string {
  return `bulkhead-${machineId}`;
}

/**
 * The identity in `directory` (0700, files 0600), made on first use. The folder holds nothing else: it
 * appears by one rename, so it has both keys or does not exist, also when two processes make it at once.
 */
export async function loadOrCreateIdentity(directory: string, machineId: string): Promise<GuestIdentity> {
  return (await load(directory, machineId)) ?? (await create(directory, machineId));
}

/** Removes the keys; the machine that they open is gone. */
export async function removeIdentity(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
}

async function load(directory: string, machineId: string): Promise<GuestIdentity | undefined> {
  try {
    await stat(directory);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
  try {
    const [client, host] = await Promise.all([
      readKey(join(directory, CLIENT_KEY)),
      readKey(join(directory, HOST_KEY)),
    ]);
    const identity = describe(directory, client.key, host.key, client.text, host.text);
    const line = `${knownHostsLine(host.key, sshAlias(machineId))}\n`;
    const known = await readFile(identity.knownHostsFile, 'utf8').catch(() => '');
    if (known !== line) {
      await writeFileAtomic(identity.knownHostsFile, line);
    }
    return identity;
  } catch (error) {
    throw new BulkheadError(`The keys of ${machineId} in ${directory} can't be used: ${messageOf(error)}`, {
      next: `Remove the machine (\`bulkhead rm ${machineId}\`) and open the folder again.`,
      cause: error,
    });
  }
}

async function readKey(path: string): Promise<{ key: Ed25519Key; text: string }> {
  const text = await readFile(path, 'utf8');
  const key = parsePrivateKeyText(text);
  if (process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0) {
    // OpenSSH refuses a key that others may read.
    await chmod(path, 0o600);
  }
  return { key, text };
}

async function create(directory: string, machineId: string): Promise<GuestIdentity> {
  const client = generateEd25519();
  const host = generateEd25519();
  const alias = sshAlias(machineId);
  const clientText = privateKeyText(client, alias);
  const hostText = privateKeyText(host, alias);
  const parent = dirname(directory);
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const temporary = join(parent, `.${basename(directory)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await mkdir(temporary, { mode: 0o700 });
    await writeSynced(join(temporary, CLIENT_KEY), clientText);
    await writeSynced(join(temporary, `${CLIENT_KEY}.pub`), `${publicKeyLine(client, alias)}\n`);
    await writeSynced(join(temporary, HOST_KEY), hostText);
    await writeSynced(join(temporary, KNOWN_HOSTS), `${knownHostsLine(host, alias)}\n`);
    await rename(temporary, directory);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Another process was faster: its keys are the machine's.
    const theirs = await load(directory, machineId);
    if (theirs) {
      return theirs;
    }
    throw new BulkheadError(`Failed to write the keys of ${machineId} to ${directory}: ${messageOf(error)}`, {
      kind: 'host',
      next: 'Check that the folder is writable and the disk is not full.',
      cause: error,
    });
  }
  return describe(directory, client, host, clientText, hostText);
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

function describe(
  directory: string,
  client: Ed25519Key,
  host: Ed25519Key,
  clientKey: string,
  hostKey: string,
): GuestIdentity {
  return {
    clientKey,
    authorizedKey: publicKeyLine(client, 'bulkhead'),
    hostKey,
    hostKeyBlob: publicKeyBlob(host),
    clientKeyFile: join(directory, CLIENT_KEY),
    knownHostsFile: join(directory, KNOWN_HOSTS),
  };
}
