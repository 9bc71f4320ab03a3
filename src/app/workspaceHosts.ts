import type { WaitOptions } from '../machine/hypervisor';
import { editWorkspaceHosts } from './consent';
import { type MachineRecord, updateRecord } from './machineRecord';
import { chooseHosts } from './networkPolicy';
import type { Services } from './services';
import { wait } from './wait';

/** Writes a host into the folder's `.bulkhead.json`, which is the user's agreement to it, and lets it count from now on. */
export async function allowInWorkspace(
  services: Services,
  id: string,
  folder: string,
  host: string,
  options: WaitOptions,
): Promise<void> {
  await editWorkspaceHosts(services, folder, { add: host }, wait(options));
  const added = (record: MachineRecord | undefined): MachineRecord | undefined => {
    const others = record?.allow.filter((rule) => rule.host !== host) ?? [];
    return record && { ...record, allow: [...others, { host, from: 'workspace' }] };
  };
  if (await updateRecord(services, id, added, wait(options))) {
    // What had been taken back before is allowed again.
    await chooseHosts(services, id, [], [host]);
  } else {
    // A machine that another host made: the choice for it is all there is here.
    await chooseHosts(services, id, [{ host, from: 'machine' }]);
  }
}
