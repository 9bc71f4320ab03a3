import { posix } from 'node:path';
import * as vscode from 'vscode';
import { BulkheadError, messageOf } from '../core/errors';
import { type Log, printable } from '../core/log';
import { forLabel } from '../core/plainText';
import type { Attachments } from './attachments';
import { GuestPseudoterminal } from './guestPseudoterminal';
import { guestPathOf, machineIdOf } from './machineUri';
import { readTaskDefinition, TASK_TYPE } from './taskDefinition';
import type { DetectedTask } from './tasks/detectTasks';
import type { TaskPlaces } from './tasks/taskPlaces';
import { TaskProblems } from './tasks/taskProblems';
import { workspaceTasks } from './tasks/workspaceTasks';
import { TerminalCwd } from './terminalCwd';
import { machineFolder } from './terminalProfile';

const DETECT_MS = 20_000;

interface Folder {
  id: string;
  path: string;
  workspaceFolder: vscode.WorkspaceFolder;
}

/** Tasks of type `bulkhead` run in the machine, on a terminal, and end with the command's exit code. */
export function registerTasks(attachments: Attachments, places: TaskPlaces, log: Log): vscode.Disposable {
  const problems = new TaskProblems();
  const run: RunTask = (name, definition, scope) => {
    const terminal = taskTerminal(attachments, log, problems, name, definition, scope);
    if (terminal.place) {
      places.remember(name, terminal.place);
    }
    return terminal;
  };
  return vscode.Disposable.from(
    problems,
    vscode.tasks.registerTaskProvider(TASK_TYPE, {
      async provideTasks(token) {
        const stop = new AbortController();
        const asked = token.onCancellationRequested(() => stop.abort());
        const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(DETECT_MS)]);
        try {
          const found = await Promise.all(
            machineFolders().map((folder) => detect(attachments, log, folder, signal, run)),
          );
          return found.flat();
        } finally {
          asked.dispose();
        }
      },
      resolveTask(task) {
        return new vscode.Task(
          task.definition,
          task.scope ?? vscode.TaskScope.Workspace,
          task.name,
          TASK_TYPE,
          // VS Code passes the definition with its variables (${file}, …) resolved.
          new vscode.CustomExecution(async (definition) => run(task.name, definition, task.scope)),
          task.problemMatchers,
        );
      },
    }),
  );
}

type RunTask = (
  name: string,
  definition: vscode.TaskDefinition,
  scope: vscode.Task['scope'],
) => vscode.Pseudoterminal;

/** What the folder's own files offer. A machine that is away is not woken up for a list. */
async function detect(
  attachments: Attachments,
  log: Log,
  folder: Folder,
  signal: AbortSignal,
  run: RunTask,
): Promise<vscode.Task[]> {
  if (attachments.get(folder.id)?.status.kind !== 'attached') {
    return [];
  }
  try {
    const files = await attachments.hold(folder.id).files();
    const detected = await workspaceTasks(files, folder.path, signal);
    return detected.map((task) => toTask(task, folder.workspaceFolder, run));
  } catch (error) {
    log.warn(`Tasks of ${printable(folder.path, 300)}: ${printable(messageOf(error), 300)}`);
    return [];
  }
}

function toTask(detected: DetectedTask, folder: vscode.WorkspaceFolder, run: RunTask): vscode.Task {
  const { name, command, args, cwd, group, problems } = detected;
  const definition = { type: TASK_TYPE, command, args, ...(cwd !== undefined && { cwd }), problems };
  const task = new vscode.Task(
    definition,
    folder,
    name,
    TASK_TYPE,
    new vscode.CustomExecution(async (resolved) => run(name, resolved, folder)),
    // Ours read the output themselves: VS Code's would name files of this computer.
    [],
  );
  if (group) {
    task.group = group === 'build' ? vscode.TaskGroup.Build : vscode.TaskGroup.Test;
  }
  task.detail = forLabel([command, ...args].join(' '), 300);
  return task;
}

function taskTerminal(
  attachments: Attachments,
  log: Log,
  problems: TaskProblems,
  name: string,
  definition: vscode.TaskDefinition,
  scope: vscode.Task['scope'],
): GuestPseudoterminal {
  const machine = machineOf(scope);
  const folder = typeof definition['cwd'] === 'string' ? definition['cwd'] : '.';
  const cwd = new TerminalCwd(machine && posix.resolve(machine.path, folder));
  const terminal = new GuestPseudoterminal(
    async (pty, signal) => {
      if (!machine) {
        throw new BulkheadError('This window has no folder in a Bulkhead VM', {
          kind: 'usage',
          next: 'Run "Bulkhead: Open in Isolated VM" first.',
        });
      }
      const task = readTaskDefinition(definition, machine.path);
      const output = problems.follow(`${machine.id}: ${name}`, task.problems, machine, task.cwd);
      const { guest } = await attachments.hold(machine.id).machine();
      const process = await guest.spawn(task.command, {
        cwd: task.cwd,
        env: task.env,
        lendCredentials: true,
        pty,
        signal,
      });
      terminal.onDidWrite((text) => output.push(text));
      terminal.onDidClose(() => output.end());
      return process;
    },
    log,
    { keepOpen: false, ...(machine && { place: { id: machine.id, cwd } }) },
  );
  return terminal;
}

function machineOf(scope: vscode.Task['scope']): { id: string; path: string } | undefined {
  if (typeof scope !== 'object') {
    return machineFolder();
  }
  const id = machineIdOf(scope.uri);
  const path = guestPathOf(scope.uri);
  return id === undefined || path === undefined ? undefined : { id, path };
}

function machineFolders(): Folder[] {
  return (vscode.workspace.workspaceFolders ?? []).flatMap((workspaceFolder) => {
    const id = machineIdOf(workspaceFolder.uri);
    const path = guestPathOf(workspaceFolder.uri);
    return id === undefined || path === undefined ? [] : [{ id, path, workspaceFolder }];
  });
}
