import { throwIfAborted } from '../../core/deadline';
import { BulkheadError, messageOf, throwIfCancelled } from '../../core/errors';
import { egressPlace } from '../../network/egressNetwork';
import type { Services } from '../services';
import { wait } from '../wait';
import { dataFolder, sshClient } from './computer';
import type { DoctorCheck, DoctorFinding, DoctorOptions } from './doctorFinding';
import { egress } from './egress';
import { architecture, engineFindings, engineFixes, memory } from './engine';
import { accelerators, engineDisk, kitImage, layerStore, leftovers, machines } from './store';

/** Looks at everything a machine needs, and says what is missing and what would make it better. Nothing is changed but the kit and the proxies' network made. */
export async function doctor(services: Services, options: DoctorOptions): Promise<DoctorFinding[]> {
  const findings: DoctorFinding[] = [];
  const add = (finding: DoctorFinding) => {
    findings.push(finding);
    options.onFinding?.(finding);
  };
  /** What fails is a finding too. */
  const check = async (
    id: DoctorCheck,
    look: () => Promise<DoctorFinding[]>,
    fixes: (error: unknown) => DoctorFinding['actions'] = () => undefined,
  ): Promise<boolean> => {
    throwIfAborted(options.signal);
    try {
      for (const finding of await look()) {
        add(finding);
      }
      return true;
    } catch (error) {
      throwIfCancelled(error);
      const fix = error instanceof BulkheadError ? error.next : undefined;
      const actions = fixes(error);
      add({
        id,
        status: 'missing',
        message: messageOf(error),
        ...(fix !== undefined && { fix }),
        ...(actions && { actions }),
      });
      return false;
    }
  };

  await check('data', () => dataFolder(services.data.root));
  await check('ssh', () => sshClient(options.signal));
  const connected = await check(
    'engine',
    async () => engineFindings((await services.connect(wait(options))).engine),
    engineFixes,
  );
  if (!connected) {
    return findings;
  }
  const { engine, hypervisor } = await services.connect(wait(options));
  await check('memory', async () => [memory(engine), ...architecture(engine)]);
  if (!(await check('kit', () => kitImage(services, engine, options)))) {
    return findings;
  }
  const kit = await services.kit(wait(options));
  await check('disk', () => engineDisk(engine, kit, wait(options)));
  await check('accelerator', async () =>
    accelerators(await hypervisor.probe({ ...wait(options), fresh: options.fresh ?? true }), engine),
  );
  await check('egress', () => egress(engine, kit, egressPlace(process.env), wait(options)));
  await check('layers', () => layerStore(engine, kit, wait(options)));
  await check('machines', async () => machines(await hypervisor.list(wait(options))));
  await check('leftovers', () => leftovers(services, wait(options)));
  return findings;
}
