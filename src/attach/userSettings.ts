import type { OnClose } from '../settings/workspaceSpec';

export const SECTION = 'bulkhead';

/** The `bulkhead.*` settings, which stand in for what a folder leaves out; a test holds them against package.json. */
export const USER_SETTINGS = [
  'cpus',
  'memory',
  'disk',
  'accelerator',
  'network.mode',
  'network.allow',
  'workspace.exclude',
  'defaultImage',
  'buildNetwork',
  'onClose',
] as const;

/** Whether the status bar shows what the window's machine uses. It says nothing of machines, so no folder has it. */
export const GLANCE_SETTING = 'statusBar.resources';

/** A new terminal of VS Code's own in a window on a machine makes room for one in the VM. */
export const REPLACE_HOST_TERMINALS = 'terminal.replaceHostTerminals';

/** Settings of the editor's side alone. */
export const EDITOR_SETTINGS = [GLANCE_SETTING, REPLACE_HOST_TERMINALS] as const;

export type UserSetting = (typeof USER_SETTINGS)[number];

/** What the user wants when a window closes; suspend, unless they said something else that makes sense. */
export function toOnClose(value: unknown): OnClose {
  return value === 'stop' || value === 'keep' ? value : 'suspend';
}
