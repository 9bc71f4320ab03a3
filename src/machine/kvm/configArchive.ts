import { pack } from 'tar-stream';
import { BulkheadError } from '../../core/errors';
import type { GuestConfig } from '../hypervisor';

/** Files of the config disk: what init and the agent read (guest/init/guest-init, guest/agent/session.c). */
export async function configDisk(config: GuestConfig, generation: string): Promise<Buffer> {
  const line = (text: string, what: string) => {
    if (/[\0\n\r]/.test(text)) {
      throw new BulkheadError(`The ${what} has a line break or NUL in it`, { kind: 'usage' });
    }
    return `${text}\n`;
  };
  const env = Object.entries(config.env).map(([name, value]) => {
    if (name === '' || /[\0=]/.test(name) || value.includes('\0')) {
      throw new BulkheadError(`The environment variable ${JSON.stringify(name)} can't be set`, {
        kind: 'usage',
      });
    }
    return `${name}=${value}\0`;
  });
  return tarOf({
    generation: line(generation, 'generation'),
    hostname: line(config.hostname, 'host name'),
    user: line(config.user, "account's name"),
    workspace: line(config.workspaceFolder, 'workspace folder'),
    env: env.join(''),
    ...(config.share && { share: config.share.readOnly ? 'ro\n' : 'rw\n' }),
    ssh_host_ed25519_key: config.hostKey,
    authorized_keys: line(config.authorizedKey, 'authorized key'),
  });
}

/** The tar that Docker unpacks into `/machine`; the jail's account owns what it holds (the kit's uid 1234). */
export async function configUpload(config: GuestConfig, generation: string): Promise<Buffer> {
  return tarOf({ 'config.tar': await configDisk(config, generation) }, { uid: 1234, gid: 1234 });
}

async function tarOf(
  files: Record<string, string | Buffer>,
  owner: { uid: number; gid: number } = { uid: 0, gid: 0 },
): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) {
    archive.entry({ name, mode: 0o600, ...owner }, content);
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
