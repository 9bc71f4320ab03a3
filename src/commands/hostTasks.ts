import * as vscode from 'vscode';
import { machineIdOf } from '../attach/machineUri';
import { showWarning } from '../attach/notify';
import { messageOf } from '../core/errors';
import { forLabel } from '../core/plainText';
import type { CommandContext } from './commandContext';

/**
 * Tasks of a folder in the VM that would run on this computer are ended and named. VS Code leaves them out where all
 * folders of a window are virtual; in a window that has a folder of this computer too it does not.
 */
export function endHostTasks(context: CommandContext): vscode.Disposable {
  return vscode.tasks.onDidStartTask(({ execution }) => {
    const { task } = execution;
    const isOfMachine = typeof task.scope === 'object' && machineIdOf(task.scope.uri) !== undefined;
    const isOnHost =
      task.execution instanceof vscode.ShellExecution || task.execution instanceof vscode.ProcessExecution;
    if (isOfMachine && isOnHost) {
      execution.terminate();
      const message = vscode.l10n.t(
        'The task "{0}" was ended: it would run on this computer, not in the VM. Give it "type": "bulkhead" in tasks.json.',
        forLabel(task.name, 100),
      );
      context.log.warn(message);
      showWarning(message).then(undefined, (error: unknown) => context.log.error(messageOf(error)));
    }
  });
}
