import * as vscode from 'vscode';
import type { Disposable } from '../core/disposables';
import type { MachineInfo } from '../machine/hypervisor';
import type { OnClose } from '../settings/workspaceSpec';

const SECTION = 'bulkhead';

/** The settings that stand in for what a folder leaves out; a test holds them against package.json. */
export const USER_SETTINGS = [
  'cpus',
  'memory',
  'disk',
  'accelerator',
  'defaultImage',
  'buildNetwork',
  'network.mode',
  'onClose',
] as const;

export interface UserDefaults extends Disposable {
  /** Current values by setting (`cpus`, `network.mode`…), without those that the user left alone. */
  readonly values: Record<string, unknown>;
  /** What happens to a machine when its last window closes. */
  readonly onClose: (info: MachineInfo) => OnClose;
}

/**
 * The user's `bulkhead.*` settings. Only what was set for this computer counts, never what a workspace says:
 * package.json gives every key the scope `machine`, and workspace values are not even read here.
 */
export function userDefaults(): UserDefaults {
  const values: Record<string, unknown> = {};
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
    onClose: (info) => info.onClose ?? toOnClose(values['onClose']),
    dispose: () => following.dispose(),
  };
}

function toOnClose(value: unknown): OnClose {
  return value === 'stop' || value === 'keep' ? value : 'suspend';
}
