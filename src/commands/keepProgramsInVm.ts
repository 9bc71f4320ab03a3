import * as vscode from 'vscode';
import type { CommandContext } from './commandContext';
import { endHostTasks } from './hostTasks';
import { replaceHostTerminals } from './hostTerminals';

/** In a window on a machine nothing is meant to run on this computer by accident: no terminal, no task. */
export function keepProgramsInVm(context: CommandContext): vscode.Disposable {
  return vscode.Disposable.from(replaceHostTerminals(context), endHostTasks(context));
}
