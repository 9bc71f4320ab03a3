import * as vscode from 'vscode';
import type { Disposable } from '../core/disposables';
import type { MachineInfo } from '../machine/hypervisor';
import type { OnClose } from '../settings/workspaceSpec';
import { SECTION, toOnClose, USER_SETTINGS, type UserSetting } from './userSettings';

export interface UserDefaults extends Disposable {
  /** Current values by setting (`cpus`, `network.mode`…), without those that the user left alone. Stays current. */
  readonly values: Partial<Record<UserSetting, unknown>>;
  /** What happens to a machine when its last window closes. */
  readonly onClose: (info: MachineInfo) => OnClose;
}

/**
 * The user's `bulkhead.*` settings. Only what was set for this computer counts, never what a workspace says:
 * package.json gives every key the scope `machine`, and workspace values are not even read here.
 */
export function userDefaults(): UserDefaults {
  const values: Partial<Record<UserSetting, unknown>> = {};
  const read = () => {
    const configuration = vscode.workspace.getConfiguration(SECTION);
    for (const key of USER_SETTINGS) {
      const value: unknown = configuration.inspect(key)?.globalValue;
      if (value === undefined) {
        delete values[key];
      } else {
        values[key] = value;
      }
    }
  };
  read();
  const following = vscode.workspace.onDidChangeConfiguration((event) => {
    if (event.affectsConfiguration(SECTION)) {
      read();
    }
  });
  return {
    values,
    onClose: (info) => info.onClose ?? toOnClose(values.onClose),
    dispose: () => following.dispose(),
  };
}
