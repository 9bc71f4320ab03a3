import type { DiskUse, WaitOptions } from '../machine/hypervisor';
import { wait } from './openFolder';
import type { Services } from './services';

/** Where a machine's disk space goes, seen beside all other machines of the Engine. */
export async function diskUse(services: Services, id: string, options: WaitOptions): Promise<DiskUse> {
  const { hypervisor } = await services.connect(wait(options));
  const [machine, all] = await Promise.all([
    services.machine(id, wait(options)),
    hypervisor.list(wait(options)),
  ]);
  const others = all.filter((other) => other.id !== id).map(({ diskKey }) => diskKey);
  return machine.diskUse(others, wait(options));
}
