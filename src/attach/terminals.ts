import * as vscode from 'vscode';
import type { Log } from '../core/log';
import type { Attachments } from './attachments';
import { registerTasks } from './taskProvider';
import { TaskPlaces } from './tasks/taskPlaces';
import { TerminalLinks } from './terminalLinks';
import { registerTerminalProfile } from './terminalProfile';

/** Terminals in the VM: the profile that opens them, the tasks that run in them, and the links in what they show. */
export function registerTerminals(attachments: Attachments, log: Log): vscode.Disposable {
  const taskPlaces = new TaskPlaces();
  return vscode.Disposable.from(
    registerTerminalProfile(attachments, log),
    registerTasks(attachments, taskPlaces, log),
    TerminalLinks.register(attachments, taskPlaces, log),
  );
}
