import { messageOf, throwIfCancelled } from '../core/errors';
import { readFolder } from './folderSettings';
import { readRecord } from './machineRecord';
import type { Services } from './services';

/**
 * Ports that the machine's folder wants forwarded and the user agreed to, as its settings are now; those that the last `up`
 * named itself go first.
 */
export async function wantedPorts(services: Services, id: string): Promise<number[]> {
  const record = await readRecord(services.data.record(id), services.log);
  if (!record || record.portsOfCommand) {
    return record?.forwardPorts ?? [];
  }
  try {
    const { folder } = await (await services.machine(id)).info();
    return (await readFolder(services, folder)).spec.forwardPorts;
  } catch (error) {
    throwIfCancelled(error);
    // Made on another computer, or its settings are broken just now: it goes on with what it was made with.
    services.log.info(`${id}: the ports of its last start count on: ${messageOf(error)}`);
    return record.forwardPorts;
  }
}
