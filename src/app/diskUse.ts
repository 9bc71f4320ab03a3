import type { DiskUse, WaitOptions } from '../machine/hypervisor';
import { withMachineLock } from './machineLock';
import type { Services } from './services';
import { wait } from './wait';

/** Where a machine's disk space goes, seen beside all other machines of the Engine. */
export async function diskUse(services: Services, id: string, options: WaitOptions): Promise<DiskUse> {
  const { hypervisor } = await services.connect(wait(options));
  const [machine, all] = await Promise.all([
    services.machine(id, wait(options)),
    hypervisor.list(wait(options)),
  ]);
  const others = all.filter((other) => other.id !== id).map(({ diskKey }) => diskKey);
  const { state } = await machine.info(wait(options));
  if (state === 'running') {
    return machine.diskUse(others, wait(options));
  }
  // A container beside its volumes reads those of one that does not run: made while the machine is being removed, it would
  // bring the volume back.
  return withMachineLock(services.data.lock(id), wait(options), async () => {
    await services.machine(id, wait(options));
    return machine.diskUse(others, wait(options));
  });
}
