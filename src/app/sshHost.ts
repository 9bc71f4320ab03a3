import { loadOrCreateIdentity, sshAlias } from '../guest/identity';
import { type SshHost, sshHostBlock, writeSshHost } from '../guest/sshConfig';
import type { Services } from './services';

/** Puts the machine into our ssh_config, so that `ssh -F <path> <alias>` reaches it, and returns its block. */
export async function sshHost(
  services: Services,
  id: string,
): Promise<{ text: string; path: string; alias: string }> {
  const host: SshHost = {
    machineId: id,
    identity: await loadOrCreateIdentity(services.data.identity(id), id),
    proxyCommand: [...services.proxyCommand, 'proxy', id],
  };
  await writeSshHost(services.data.sshConfig, host);
  return { text: sshHostBlock(host), path: services.data.sshConfig, alias: sshAlias(id) };
}
