import { choicesFile, chosenOnClose } from '../app/chosenOnClose';
import { defaultDataDirectory } from '../app/dataDirectory';
import type { MachineInfo } from '../machine/hypervisor';
import type { OnClose } from '../settings/workspaceSpec';
import type { HostSettings } from './hostSettings';
import type { UserDefaults } from './userDefaults';

/**
 * What happens to a machine when its last window closes: what the user chose for it (read now: another window or the
 * command line may have done so), else what its folder's settings say now, else what they said when it was made, else the
 * user's own settings. With a mounted folder it can't be suspended.
 */
export function whenClosed(
  hostSettings: Pick<HostSettings, 'onClose'>,
  defaults: Pick<UserDefaults, 'onClose'>,
): (info: MachineInfo) => OnClose {
  return (info) =>
    awakeIfMounted(
      info,
      chosenOnClose(choicesFile(defaultDataDirectory(), info.id)) ??
        hostSettings.onClose(info.id) ??
        defaults.onClose(info),
    );
}

/** A machine with a mounted folder can't sleep: it stops instead. */
function awakeIfMounted(info: MachineInfo, onClose: OnClose): OnClose {
  return onClose === 'suspend' && info.workspaceMode === 'mount' ? 'stop' : onClose;
}
