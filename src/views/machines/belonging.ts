import * as vscode from 'vscode';
import { machineFolder } from '../../attach/terminalProfile';
import type { MachineInfo } from '../../machine/hypervisor';
import type { Belonging } from './machineRows';

/** How the machine belongs to this window. */
export function belongingOf(machine: MachineInfo): Belonging {
  if (machineFolder()?.id === machine.id) {
    return 'here';
  }
  const local = (vscode.workspace.workspaceFolders ?? []).some(
    ({ uri }) => uri.scheme === 'file' && uri.fsPath === machine.folder,
  );
  return local ? 'folder' : 'elsewhere';
}
