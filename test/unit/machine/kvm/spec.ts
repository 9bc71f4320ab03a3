import type { MachineSpec } from '../../../../src/machine/hypervisor';

export const SPEC: MachineSpec = {
  id: 'shop-0123abcd',
  name: 'shop',
  folder: '/home/me/shop',
  diskKey: 'a'.repeat(64),
  imageId: `sha256:${'b'.repeat(64)}`,
  imageReference: 'debian:trixie-slim',
  cpus: 4,
  memoryBytes: 2 ** 31,
  diskBytes: 20 * 2 ** 30,
  accelerator: 'auto',
  networkMode: 'none',
  user: 'node',
  workspaceFolder: '/workspaces/shop',
  specHash: '1-2',
  generation: 'abc',
  onClose: 'suspend',
  guest: {
    hostname: 'shop',
    env: { TOKEN: 'not for labels' },
    user: 'node',
    workspaceFolder: '/workspaces/shop',
    hostKey: '-----BEGIN OPENSSH PRIVATE KEY-----\nsecret\n-----END OPENSSH PRIVATE KEY-----\n',
    authorizedKey: 'ssh-ed25519 AAAA client',
  },
};
