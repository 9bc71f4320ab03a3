import type { UpResult } from '../../../src/app';
import type { MachineInfo } from '../../../src/machine/hypervisor';

export function fakeMachine(changes: Partial<MachineInfo> = {}): MachineInfo {
  return {
    id: 'shop-1a2b',
    name: 'shop',
    folder: '/home/me/shop',
    state: 'running',
    accelerator: 'tcg',
    cpus: 2,
    memoryBytes: 2 * 1024 ** 3,
    diskBytes: 20 * 1024 ** 3,
    networkMode: 'none',
    workspaceMode: 'copy',
    user: 'root',
    workspaceFolder: '/workspaces/shop',
    diskKey: 'd'.repeat(64),
    imageId: `sha256:${'e'.repeat(64)}`,
    imageReference: 'debian:trixie-slim',
    generation: 'g',
    specHash: 'f'.repeat(64),
    createdAt: 0,
    ...changes,
  };
}

export function fakeUpResult(changes: Partial<UpResult> = {}): UpResult {
  return {
    id: 'shop-1a2b',
    name: 'shop',
    state: 'running',
    accelerator: 'tcg',
    image: { id: `sha256:${'e'.repeat(64)}`, layers: 3 },
    ssh: { alias: 'bulkhead-shop-1a2b', config: '/home/me/.data/ssh_config', user: 'root' },
    workspace: '/workspaces/shop',
    user: 'root',
    timings: {
      buildMs: 1,
      layersMs: 2,
      createMs: 3,
      bootMs: 4,
      sshMs: 5,
      uploadMs: 6,
      totalMs: 21_000,
      cached: { image: true, layers: 2 },
    },
    warnings: [],
    asks: [],
    withheld: [],
    ...changes,
  };
}
