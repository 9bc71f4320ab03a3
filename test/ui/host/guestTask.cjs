const vscode = require('vscode');

const LABEL = 'bulkhead ui test';

/** Asks again and again until the answer is true. */
async function until(what, ask) {
  const end = Date.now() + 60_000;
  while (Date.now() < end) {
    if (await ask()) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`waited for: ${what}`);
}

/** Makes `definition` the one task of the workspace's tasks.json and returns it as VS Code sees it. */
async function defineTask(definition) {
  const root = vscode.workspace.workspaceFolders[0].uri;
  const label = `${LABEL} ${Date.now()}-${Math.floor(Math.random() * 1e6)}`;
  const tasks = [{ type: 'bulkhead', label, problemMatcher: [], ...definition }];
  await vscode.workspace.fs.writeFile(
    vscode.Uri.joinPath(root, '.vscode/tasks.json'),
    new TextEncoder().encode(JSON.stringify({ version: '2.0.0', tasks })),
  );
  let found;
  await until('VS Code knows the task', async () => {
    found = (await vscode.tasks.fetchTasks({ type: 'bulkhead' })).find(({ name }) => name === label);
    return found !== undefined;
  });
  return found;
}

/** Runs a task to its end; its exit code. */
async function runTask(definition) {
  const task = await defineTask(definition);
  return new Promise((resolve, reject) => {
    const ending = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
      if (execution.task.name === task.name) {
        ending.dispose();
        resolve(exitCode);
      }
    });
    vscode.tasks.executeTask(task).then(undefined, reject);
  });
}

/** Runs a shell line in the guest; its exit code. */
const runInGuest = (command, cwd) => runTask({ command, cwd: cwd.path });

module.exports = { until, runTask, runInGuest };
