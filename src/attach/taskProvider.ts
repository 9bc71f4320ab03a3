import * as vscode from 'vscode';
import { BulkheadError } from '../core/errors';
import type { Log } from '../core/log';
import type { Attachments } from './attachments';
import { GuestPseudoterminal } from './guestPseudoterminal';
import { guestPathOf, machineIdOf } from './machineUri';
import { readTaskDefinition, TASK_TYPE } from './taskDefinition';
import { machineFolder } from './terminalProfile';

/** Tasks of type `bulkhead` run in the machine, on a terminal, and end with the command's exit code. */
export function registerTasks(attachments: Attachments, log: Log): vscode.Disposable {
  return vscode.tasks.registerTaskProvider(TASK_TYPE, {
    // Nothing is guessed from the folder: tasks come from tasks.json.
    provideTasks: () => [],
    resolveTask(task) {
      const resolved = new vscode.Task(
        task.definition,
        task.scope ?? vscode.TaskScope.Workspace,
        task.name,
        TASK_TYPE,
        // VS Code passes the definition with its variables (${file}, …) resolved.
        new vscode.CustomExecution(async (definition) =>
          taskTerminal(attachments, log, definition, task.scope),
        ),
        task.problemMatchers,
      );
      return resolved;
    },
  });
}

function taskTerminal(
  attachments: Attachments,
  log: Log,
  definition: vscode.TaskDefinition,
  scope: vscode.Task['scope'],
): vscode.Pseudoterminal {
  return new GuestPseudoterminal(
    async (pty, signal) => {
      const machine = machineOf(scope);
      if (!machine) {
        throw new BulkheadError('This window has no folder in a Bulkhead VM', {
          kind: 'usage',
          next: 'Run "Bulkhead: Open in Isolated VM" first.',
        });
      }
      const { command, cwd, env } = readTaskDefinition(definition, machine.path);
      const { guest } = await attachments.hold(machine.id).machine();
      return guest.spawn(command, { cwd, env, pty, signal });
    },
    log,
    { keepOpen: false },
  );
}

function machineOf(scope: vscode.Task['scope']): { id: string; path: string } | undefined {
  if (typeof scope !== 'object') {
    return machineFolder();
  }
  const id = machineIdOf(scope.uri);
  const path = guestPathOf(scope.uri);
  return id === undefined || path === undefined ? undefined : { id, path };
}
